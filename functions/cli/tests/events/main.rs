//! Rows whose right answer is known, through `preview` and `run`: every target, and what people write into columns.

#[cfg(test)]
mod blocks;
#[cfg(test)]
mod contents;
#[cfg(test)]
mod dates;
#[cfg(test)]
mod devices;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod emails;
#[cfg(test)]
mod hashes;
#[cfg(test)]
mod names;
#[cfg(test)]
mod numbers;
#[cfg(test)]
mod offline;
#[cfg(test)]
mod phones;
#[cfg(test)]
mod privacy;
#[cfg(test)]
mod sent;
#[cfg(test)]
mod suggest;
#[cfg(test)]
mod support;
#[cfg(test)]
mod targets;
