//! Names that columns often have, and what they hold.

use super::shape::Shape;

/// Where columns of some names go.
pub(super) struct Known {
    /// The target.
    pub(super) to: &'static str,
    /// What its values look like.
    pub(super) shape: Shape,
    /// Names in lower case, without blanks and marks; the likeliest first.
    pub(super) names: &'static [&'static str],
    /// Several columns may go there.
    pub(super) several: bool,
}

const fn one(to: &'static str, shape: Shape, names: &'static [&'static str]) -> Known {
    Known {
        to,
        shape,
        names,
        several: false,
    }
}

const fn several(to: &'static str, shape: Shape, names: &'static [&'static str]) -> Known {
    Known {
        to,
        shape,
        names,
        several: true,
    }
}

/// The table. Where a column fits twice, the first one takes it.
pub(super) const KNOWN: &[Known] = &[
    one(
        "event_time",
        Shape::Time,
        &[
            "eventtime",
            "eventtimestamp",
            "eventat",
            "timestamp",
            "occurredat",
            "time",
            "ts",
            "datetime",
            "createdat",
            "orderedat",
            "purchasedat",
            "completedat",
            "paidat",
            "orderdate",
            "orderts",
            "purchasedate",
            "transactiondate",
            "transactiontime",
            "eventdate",
            "date",
            "created",
            "createdtime",
            "createddate",
            "at",
            "receivedat",
            "sentat",
            "happenedat",
            "datum",
            "zeitpunkt",
            "fecha",
            "conversiontime",
            "conversiondate",
            "eventts",
            "eventdatetime",
            "eventtimeutc",
            "eventtimestampms",
            "timestampms",
            "timestamputc",
            "soldat",
            "saledate",
            "saletime",
            "closedat",
            "changedat",
            "changed",
            "updatedat",
        ],
    ),
    several(
        "user.email",
        Shape::Email,
        &[
            "email",
            "emails",
            "emailaddress",
            "customeremail",
            "useremail",
            "mail",
            "emailsha256",
            "hashedemail",
            "emailhash",
            "sha256email",
            "email1",
            "email2",
            "billingemail",
            "contactemail",
            "buyeremail",
            "courriel",
            "correo",
        ],
    ),
    several(
        "user.phone",
        Shape::Phone,
        &[
            "phone",
            "phones",
            "phonenumber",
            "mobile",
            "mobilephone",
            "mobilenumber",
            "tel",
            "telephone",
            "customerphone",
            "userphone",
            "phonesha256",
            "hashedphone",
            "phonehash",
            "sha256phone",
            "phone1",
            "phone2",
            "cell",
            "cellphone",
            "billingphone",
            "msisdn",
            "contactphone",
            "telefon",
            "telefonnummer",
            "handy",
            "mobil",
            "telefono",
        ],
    ),
    several(
        "user.external_id",
        Shape::Text,
        &[
            "externalid",
            "customerid",
            "userid",
            "clientid",
            "memberid",
            "accountid",
            "contactid",
            "personid",
            "uid",
            "kundennummer",
            "shopperid",
            "visitorid",
            "anonymousid",
        ],
    ),
    one("lead.lead_id", Shape::Text, &["leadid", "tiktokleadid", "lead"]),
    one(
        "lead.lead_event_source",
        Shape::Text,
        &["leadeventsource", "crm", "crmname"],
    ),
    one("user.ttclid", Shape::Text, &["ttclid", "tiktokclickid"]),
    one("user.ttp", Shape::Text, &["ttp"]),
    one(
        "user.ip",
        Shape::Ip,
        &[
            "ip",
            "ipaddress",
            "clientip",
            "userip",
            "contextip",
            "remoteaddr",
            "clientipaddress",
        ],
    ),
    one(
        "user.user_agent",
        Shape::Text,
        &[
            "useragent",
            "ua",
            "browseruseragent",
            "contextuseragent",
            "clientuseragent",
            "agent",
        ],
    ),
    one("user.locale", Shape::Text, &["locale", "language", "lang"]),
    one(
        "user.first_name",
        Shape::Text,
        &["firstname", "givenname", "forename", "fname", "vorname"],
    ),
    one(
        "user.last_name",
        Shape::Text,
        &["lastname", "familyname", "surname", "lname", "nachname"],
    ),
    one(
        "user.zip_code",
        Shape::Text,
        &["zip", "zipcode", "postalcode", "postcode", "plz"],
    ),
    one("user.city", Shape::Text, &["city", "town"]),
    one("user.state", Shape::Text, &["state", "region", "province"]),
    one(
        "user.country",
        Shape::Country,
        &[
            "country",
            "countrycode",
            "usercountry",
            "customercountry",
            "billingcountry",
            "land",
            "pays",
            "pais",
        ],
    ),
    one(
        "page.url",
        Shape::Url,
        &[
            "url",
            "pageurl",
            "eventsourceurl",
            "landingpage",
            "location",
            "pagelocation",
            "page",
            "contextpageurl",
            "sourceurl",
        ],
    ),
    one(
        "page.referrer",
        Shape::Url,
        &[
            "referrer",
            "referer",
            "pagereferrer",
            "referrerurl",
            "referringurl",
        ],
    ),
    one(
        "properties.contents",
        Shape::Json,
        &[
            "contents",
            "items",
            "products",
            "lineitems",
            "cart",
            "basket",
            "orderitems",
            "itemsjson",
            "productsjson",
            "basketjson",
            "cartjson",
        ],
    ),
    one(
        "properties.content_ids",
        Shape::Text,
        &["contentids", "productids", "itemids", "skus", "variantids"],
    ),
    one(
        "properties.value",
        Shape::Number,
        &[
            "value",
            "amount",
            "total",
            "totalprice",
            "ordervalue",
            "ordertotal",
            "totalamount",
            "revenue",
            "grandtotal",
            "totalvalue",
            "conversionvalue",
            "subtotal",
            "gmv",
            "sum",
            "summe",
            "betrag",
            "umsatz",
            "montant",
            "importe",
            "price",
        ],
    ),
    one(
        "properties.currency",
        Shape::Currency,
        &[
            "currency",
            "currencycode",
            "waehrung",
            "währung",
            "devise",
            "moneda",
            "ordercurrency",
            "ccy",
            "curr",
            "transactioncurrency",
            "iso4217",
        ],
    ),
    one(
        "properties.order_id",
        Shape::Text,
        &[
            "orderid",
            "ordernumber",
            "orderno",
            "transactionid",
            "receiptid",
            "invoiceid",
            "receiptno",
            "receiptnumber",
            "bestellnummer",
        ],
    ),
    one(
        "properties.shop_id",
        Shape::Text,
        &["shopid", "storeid", "branchid", "storenumber", "filiale"],
    ),
    one(
        "properties.num_items",
        Shape::Number,
        &["numitems", "itemcount", "itemscount", "totalquantity"],
    ),
    one(
        "properties.search_string",
        Shape::Text,
        &["searchstring", "searchterm", "searchquery", "searchkeyword"],
    ),
    one("properties.query", Shape::Text, &["query"]),
    one("properties.description", Shape::Text, &["description"]),
    one("properties.status", Shape::Text, &["status", "orderstatus"]),
    one(
        "properties.event_channel",
        Shape::Text,
        &["eventchannel", "channel", "saleschannel"],
    ),
    one(
        "limited_data_use",
        Shape::Boolean,
        &["limiteddatause", "ldu", "optout", "limiteddata"],
    ),
    one(
        "properties.contents[0].content_id",
        Shape::Text,
        &[
            "contentid",
            "sku",
            "productid",
            "itemid",
            "variantid",
            "articleid",
        ],
    ),
    one(
        "properties.contents[0].quantity",
        Shape::Number,
        &["quantity", "qty", "units"],
    ),
    one(
        "properties.contents[0].price",
        Shape::Number,
        &["unitprice", "itemprice", "price"],
    ),
    one(
        "properties.contents[0].content_name",
        Shape::Text,
        &["contentname", "productname", "itemname", "producttitle"],
    ),
    one(
        "properties.contents[0].content_category",
        Shape::Text,
        &["contentcategory", "productcategory", "category", "itemcategory"],
    ),
    one("properties.contents[0].brand", Shape::Text, &["brand"]),
];

/// Targets that a column of any name gets when its values look like nothing else.
pub(super) const BY_VALUES: &[(&str, Shape)] = &[
    ("user.email", Shape::Email),
    ("user.phone", Shape::International),
    ("user.ip", Shape::Ip),
    ("page.url", Shape::Url),
    ("user.user_agent", Shape::UserAgent),
];

/// Names of columns that tell rows apart, the likeliest first.
pub(super) const KEYS: &[&str] = &[
    "eventid",
    "messageid",
    "id",
    "uuid",
    "orderid",
    "ordernumber",
    "orderno",
    "transactionid",
    "receiptid",
    "receiptno",
    "receiptnumber",
    "invoiceid",
    "rowid",
    "recordid",
    "leadid",
];

/// Of these, names that leave no doubt.
pub(super) const SURE_KEYS: &[&str] = &["eventid", "messageid", "id", "uuid"];

/// Names of columns that name the event.
pub(super) const EVENT_NAMES: &[&str] = &[
    "event",
    "eventname",
    "eventtype",
    "conversionevent",
    "action",
    "conversionname",
    "type",
];

/// A column's name as the tables hold it.
pub(super) fn plain(name: &str) -> String {
    name.to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric())
        .collect()
}
