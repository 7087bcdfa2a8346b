//! The spec of the sample export.

/// The sync's name.
pub(crate) const NAME: &str = "shop-events";

/// The spec. It is a sample too: what a shop would write.
pub(crate) const SPEC: &str = r"# The events of a web shop in seven countries, as its warehouse exports them.
name: shop-events
destination: demo
type: web_events
model:
  path: models/shop-events/
  primary_key: event_id
event:
  pixel_code: C4A1EXAMPLEPIXEL0001
  name:
    from: event
    map:
      order_completed: Purchase
      checkout_started: InitiateCheckout
      product_added: AddToCart
      product_viewed: ViewContent
      account_created: CompleteRegistration
  batch_size: 200
mappings:
  - {from: occurred_at, to: event_time}
  - {from: email, to: user.email}
  - {from: phone, to: user.phone}
  - {from: customer_id, to: user.external_id}
  - {from: first_name, to: user.first_name}
  - {from: country, to: user.country}
  - {from: ip, to: user.ip}
  - {from: user_agent, to: user.user_agent}
  - {from: url, to: page.url}
  - {from: value, to: properties.value}
  - {from: currency, to: properties.currency}
  - {from: items, to: properties.contents}
  - {from: limited, to: limited_data_use}
identity:
  default_country: {from: country}
";

/// The columns of the sample, in order.
pub(super) const COLUMNS: [&str; 15] = [
    "event_id",
    "event",
    "occurred_at",
    "email",
    "phone",
    "customer_id",
    "first_name",
    "country",
    "ip",
    "user_agent",
    "url",
    "value",
    "currency",
    "items",
    "limited",
];
