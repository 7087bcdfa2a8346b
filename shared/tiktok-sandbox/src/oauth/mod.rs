//! OAuth: the authorisation page, codes, tokens, and the accounts that a token reaches.

mod accounts;
mod authorisation;
mod codes;
mod exchange;

pub(crate) use accounts::{advertiser_names, advertisers, user};
pub(crate) use authorisation::authorisation_page;
pub(crate) use codes::AuthCodes;
pub(crate) use exchange::{access_token, revoke_token};
