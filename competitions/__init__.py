"""One folder per competition; a competition exists because its folder does."""
