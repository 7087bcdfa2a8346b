//! The tables of the documents say what the code does.

#[cfg(test)]
mod tables;
