//! Primary keys.
