//! Client library: authorities, token acquisition and cache, typed API calls.
