//! A company's own names for events, and TikTok's.

use std::collections::BTreeSet;

use sync_core::key::names_a_person;
use sync_core::values::event_name::{self, Source};

use super::known::{EVENT_NAMES, plain};
use super::look::{Column, Look};

/// Own names in lower case, without blanks and marks.
const OWN: &[(&str, &str)] = &[
    ("order", "Purchase"),
    ("ordercompleted", "Purchase"),
    ("ordercreated", "Purchase"),
    ("orderpaid", "Purchase"),
    ("ordered", "Purchase"),
    ("purchased", "Purchase"),
    ("purchasecompleted", "Purchase"),
    ("checkoutcompleted", "Purchase"),
    ("transaction", "Purchase"),
    ("sale", "Purchase"),
    ("sold", "Purchase"),
    ("paymentcompleted", "Purchase"),
    ("paymentsucceeded", "Purchase"),
    ("paid", "Purchase"),
    ("cartadd", "AddToCart"),
    ("addedtocart", "AddToCart"),
    ("productadded", "AddToCart"),
    ("itemadded", "AddToCart"),
    ("checkout", "InitiateCheckout"),
    ("checkoutstarted", "InitiateCheckout"),
    ("begincheckout", "InitiateCheckout"),
    ("startcheckout", "InitiateCheckout"),
    ("paymentinfoentered", "AddPaymentInfo"),
    ("addbilling", "AddPaymentInfo"),
    ("pageview", "ViewContent"),
    ("viewitem", "ViewContent"),
    ("viewproduct", "ViewContent"),
    ("productviewed", "ViewContent"),
    ("contentview", "ViewContent"),
    ("productaddedtowishlist", "AddToWishlist"),
    ("wishlist", "AddToWishlist"),
    ("signup", "CompleteRegistration"),
    ("signedup", "CompleteRegistration"),
    ("register", "CompleteRegistration"),
    ("registered", "CompleteRegistration"),
    ("registration", "CompleteRegistration"),
    ("accountcreated", "CompleteRegistration"),
    ("usercreated", "CompleteRegistration"),
    ("searched", "Search"),
    ("productssearched", "Search"),
    ("generatelead", "Lead"),
    ("leadcreated", "Lead"),
    ("formsubmitted", "Lead"),
    ("formsubmit", "Lead"),
    ("subscribed", "Subscribe"),
    ("subscription", "Subscribe"),
    ("newsletter", "Subscribe"),
    ("trialstarted", "StartTrial"),
    ("trial", "StartTrial"),
    ("contacted", "Contact"),
    ("call", "Contact"),
    ("consult", "Contact"),
    ("downloaded", "Download"),
    ("appointment", "Schedule"),
    ("scheduled", "Schedule"),
    ("booked", "Schedule"),
    ("applied", "SubmitApplication"),
    ("application", "SubmitApplication"),
];

/// With more names than this, a column names something else.
const MOST: usize = 30;

/// How the rows' events are named.
pub(super) struct Names {
    /// The column.
    pub(super) column: String,
    /// Own names with TikTok's.
    pub(super) map: Vec<(String, &'static str)>,
    /// Own names that nobody knows TikTok's for.
    pub(super) unknown: Vec<String>,
}

/// The column that names the events, if there is one.
pub(super) fn find(look: &Look) -> Option<Names> {
    let named = |name: &str| look.columns.iter().find(|column| plain(&column.name) == name);
    let by_name = EVENT_NAMES.iter().filter_map(|name| named(name));
    by_name.chain(&look.columns).find_map(read)
}

/// The names in a column, when TikTok has some of them.
fn read(column: &Column) -> Option<Names> {
    let own: BTreeSet<&str> = column.samples.iter().map(String::as_str).collect();
    if own.is_empty() || own.len() > MOST || own.iter().any(|name| names_a_person(name)) {
        return None;
    }
    let mut names = Names {
        column: column.name.clone(),
        map: Vec::new(),
        unknown: Vec::new(),
    };
    let mut known = 0;
    for name in own {
        match tiktoks(name) {
            Some(same) if same == name => known += 1,
            Some(other) => {
                known += 1;
                names.map.push((name.to_owned(), other));
            }
            None => names.unknown.push(name.to_owned()),
        }
    }
    (known > 0 && known >= names.unknown.len()).then_some(names)
}

/// TikTok's name for a company's own one.
fn tiktoks(name: &str) -> Option<&'static str> {
    let plain = plain(name);
    let standard = event_name::STANDARD
        .iter()
        .find(|standard| standard.to_lowercase() == plain);
    let own = || OWN.iter().find(|(own, _)| *own == plain).map(|(_, name)| name);
    let found = standard.or_else(own).copied();
    found.filter(|name| event_name::check(name, Source::Web, false, false).is_ok())
}
