"""What finished runs say: which is best, whether that is more than noise, whether CV can be trusted, what to do next."""
