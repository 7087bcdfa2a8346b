//! Rejections and warnings: what is wrong with a row, where, and what to do about it.
//!
//! No raw value of the row appears in any of them.

use std::borrow::Cow;

use serde::Serialize;

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal,)*) => {
        /// The code of a rejection or warning, as it appears in reports.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $($(#[doc = $doc])* $name,)* }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The text in reports and JSON.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What it means, for the documents.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),*).trim_ascii(),)* }
            }
        }
    };
}

codes! {
    /// The row has more or fewer fields than the header.
    RaggedRow = "ragged_row",
    /// The row is not UTF-8 text.
    InvalidUtf8 = "invalid_utf8",
    /// The row, or its event, is larger than can be sent.
    RowTooLarge = "row_too_large",
    /// A primary key column is empty.
    MissingPrimaryKey = "missing_primary_key",
    /// An earlier row of the export has the same primary key; the first one counts.
    DuplicatePrimaryKey = "duplicate_primary_key",
    /// The event has no name.
    MissingEventName = "missing_event_name",
    /// The event name is none that TikTok takes.
    InvalidEventName = "invalid_event_name",
    /// The event has no time.
    MissingEventTime = "missing_event_time",
    /// The time cannot be read, or can be read in two ways.
    InvalidTime = "invalid_time",
    /// The event lies further in the future than `event.max_future`.
    FutureTime = "future_time",
    /// The event is older than `event.max_age`.
    Expired = "expired",
    /// The row has none of the identifiers that the event source asks for.
    NoIdentifier = "no_identifier",
    /// The email address is none.
    InvalidEmail = "invalid_email",
    /// The phone number is none.
    InvalidPhone = "invalid_phone",
    /// The id is none, for example all zeros.
    InvalidExternalId = "invalid_external_id",
    /// `hashing: already_hashed` and the value is no SHA-256 in hexadecimal.
    NotHashed = "not_hashed",
    /// The number is none, or not written as TikTok takes it.
    InvalidNumber = "invalid_number",
    /// The currency is not on TikTok's list.
    InvalidCurrency = "invalid_currency",
    /// The value is not one that the field takes.
    InvalidValue = "invalid_value",
    /// The column does not hold the JSON that the field takes.
    InvalidJson = "invalid_json",
    /// A field that the event source cannot do without is empty.
    MissingField = "missing_field",
    /// TikTok knows no such field for this event source; it is sent all the same.
    UnusualField = "unusual_field",
    /// A value without a currency.
    ValueWithoutCurrency = "value_without_currency",
    /// A web event without `page.url`.
    MissingPageUrl = "missing_page_url",
    /// TikTok ends this event name in 2027.
    DeprecatedEventName = "deprecated_event_name",
    /// The number is possible, but not assigned to anybody by its numbering plan.
    UnassignedPhone = "unassigned_phone",
    /// The IP address is none, or not public; it is left out.
    InvalidIp = "invalid_ip",
    /// The device id is none; it is left out or hashed.
    InvalidDeviceId = "invalid_device_id",
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What is wrong with a row: a rejection, or a warning about a row that goes all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The code.
    pub code: Code,
    /// The mapping target, for example `user.phone`; `None` when the whole row is meant.
    pub field: Option<Cow<'static, str>>,
    /// The column of the export, when one is to blame.
    pub column: Option<String>,
    /// A sentence without the raw value: what was expected and what to do.
    pub message: Cow<'static, str>,
}

impl Problem {
    /// A problem of the whole row.
    pub fn row(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            field: None,
            column: None,
            message: message.into(),
        }
    }

    /// A problem of a field.
    pub fn field(
        code: Code,
        field: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            code,
            field: Some(field.into()),
            column: None,
            message: message.into(),
        }
    }

    /// The same problem, with the column that is to blame.
    #[must_use]
    pub fn in_column(mut self, column: Option<&str>) -> Self {
        self.column = column.map(str::to_owned);
        self
    }
}
