//! Values that are not personal: times, numbers, currencies, event names.
//!
//! Each parser takes text as a column holds it and gives a value that TikTok takes, or a [`ValueError`] whose
//! sentence says how to write it. No sentence holds the text itself. An empty text is the caller's: it is an absent
//! value, and not for these parsers.

mod boolean;
mod currency;
mod error;
pub mod event_name;
mod number;
mod time;

pub use boolean::boolean;
pub use currency::{Currencies, Currency};
pub use error::ValueError;
pub use number::{decimal, integer};
pub use time::{EventTime, event_time};
