"""A pretend Kaggle: a stand-in for its servers, a clean room for its kernels, and the rehearsal with both."""
