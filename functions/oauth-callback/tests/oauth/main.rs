//! The whole dance: our pages, a browser, and the sandbox as TikTok.

#[cfg(test)]
mod bench;
#[cfg(test)]
mod canaries;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod success;
