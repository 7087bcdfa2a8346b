//! Identity values: normalised, hashed, and gone. Nothing behind this module holds a raw one.
