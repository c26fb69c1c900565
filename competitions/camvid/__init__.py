"""Street scenes of CamVid, graded on this machine."""
