//! Where the API is: TikTok's own address, or a stand-in on this machine.

use url::{Host, Url};

const PRODUCTION: &str = "https://business-api.tiktok.com/open_api/v1.3";
pub(crate) const VERSION_PATH: &str = "open_api/v1.3";

/// The address that endpoints' paths are added to. It can only be TikTok's, or one of this machine: a token
/// cannot be sent elsewhere by a wrong setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiBase {
    address: String,
    loopback: bool,
}

/// Why a text is no address of a stand-in. It does not quote the text, which may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BaseError {
    /// No address of the kind `http://HOST:PORT`.
    #[error("the endpoint is no address: write http://HOST:PORT, such as http://127.0.0.1:8089")]
    Unreadable,
    /// Another scheme than `http`.
    #[error(
        "the endpoint does not begin with http://: write http://HOST:PORT, such as http://127.0.0.1:8089"
    )]
    NotHttp,
    /// Another machine.
    #[error(
        "the endpoint is not on this machine: write localhost or a loopback address, such as http://127.0.0.1:8089; without an endpoint the calls go to TikTok"
    )]
    NotLoopback,
    /// User name, path, query or fragment.
    #[error(
        "the endpoint has more than host and port: write http://HOST:PORT, such as http://127.0.0.1:8089; /open_api/v1.3 is added to it"
    )]
    Extra,
}

impl ApiBase {
    /// TikTok's own address, `https://business-api.tiktok.com/open_api/v1.3` (reference, 0.3).
    pub fn production() -> Self {
        Self {
            address: PRODUCTION.to_owned(),
            loopback: false,
        }
    }

    /// A stand-in for TikTok on this machine, as `http://HOST:PORT`; HOST is `localhost` or a loopback address.
    /// `/open_api/v1.3` is added.
    pub fn loopback(endpoint: &str) -> Result<Self, BaseError> {
        let url = Url::parse(endpoint).map_err(|_| BaseError::Unreadable)?;
        if url.scheme() != "http" {
            return Err(BaseError::NotHttp);
        }
        let here = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if !here {
            return Err(BaseError::NotLoopback);
        }
        let user = !url.username().is_empty() || url.password().is_some();
        if user || url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(BaseError::Extra);
        }
        Ok(Self {
            address: format!("{url}{VERSION_PATH}"),
            loopback: true,
        })
    }

    /// The address, without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.address
    }

    /// Whether both are TikTok, or the same host and port of this machine: `localhost`, `127.0.0.1` and `[::1]` are one.
    pub fn is_same_place(&self, other: &Self) -> bool {
        self.loopback == other.loopback && (!self.loopback || self.host_and_port() == other.host_and_port())
    }

    fn host_and_port(&self) -> Option<(String, u16)> {
        let url = Url::parse(&self.address).ok()?;
        let host = match url.host_str()? {
            "localhost" | "[::1]" => "127.0.0.1",
            host => host,
        };
        Some((host.to_owned(), url.port_or_known_default()?))
    }

    /// It is a stand-in on this machine.
    pub const fn is_loopback(&self) -> bool {
        self.loopback
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stand_in_is_an_address_of_this_machine() {
        fn check(endpoint: &str, want: &str) {
            let base = ApiBase::loopback(endpoint).unwrap();
            assert_eq!((base.as_str(), base.is_loopback()), (want, true));
        }
        check("http://127.0.0.1:8089", "http://127.0.0.1:8089/open_api/v1.3");
        check("http://127.0.0.1:8089/", "http://127.0.0.1:8089/open_api/v1.3");
        check("http://localhost:1", "http://localhost:1/open_api/v1.3");
        check("HTTP://LOCALHOST:8089", "http://localhost:8089/open_api/v1.3");
        check("http://[::1]:8089", "http://[::1]:8089/open_api/v1.3");
        check("http://127.9.9.9:80", "http://127.9.9.9/open_api/v1.3");
    }

    #[test]
    fn three_names_of_this_machine_are_one() {
        let same = |one: &str, other: &str| {
            let base = |endpoint| ApiBase::loopback(endpoint).unwrap();
            base(one).is_same_place(&base(other))
        };
        assert!(same("http://127.0.0.1:8099", "http://localhost:8099/"));
        assert!(same("http://[::1]:8099", "http://LOCALHOST:8099"));
        assert!(same("http://localhost", "http://127.0.0.1:80"));
        assert!(!same("http://127.0.0.1:8099", "http://127.0.0.1:8098"));
        assert!(!same("http://127.0.0.1:8099", "http://127.0.0.2:8099"));
        let tiktok = ApiBase::production();
        assert!(tiktok.is_same_place(&ApiBase::production()));
        assert!(!tiktok.is_same_place(&ApiBase::loopback("http://localhost:443").unwrap()));
    }

    #[test]
    fn no_setting_can_send_a_token_elsewhere() {
        fn check(endpoint: &str, want: BaseError) {
            assert_eq!(ApiBase::loopback(endpoint), Err(want), "{endpoint}");
        }
        check("", BaseError::Unreadable);
        check("127.0.0.1:8089", BaseError::Unreadable);
        check("http://", BaseError::Unreadable);
        check("http://127.0.0.1:99999", BaseError::Unreadable);
        check("localhost:8089", BaseError::NotHttp);
        check("https://127.0.0.1:8089", BaseError::NotHttp);
        check("file:///etc", BaseError::NotHttp);
        check("http://business-api.tiktok.com", BaseError::NotLoopback);
        check("http://0.0.0.0:8089", BaseError::NotLoopback);
        check("http://10.0.0.1:8089", BaseError::NotLoopback);
        check("http://localhost.shop.example:8089", BaseError::NotLoopback);
        check("http://localhost@shop.example", BaseError::NotLoopback);
        check("http://[::ffff:10.0.0.1]:8089", BaseError::NotLoopback);
        check("http://[::ffff:127.0.0.1]:8089", BaseError::NotLoopback);
        check("http://[::]:8089", BaseError::NotLoopback);
        check("http://[fe80::1]:8089", BaseError::NotLoopback);
        check("http://169.254.169.254", BaseError::NotLoopback);
        check("http://shop.example\\@127.0.0.1:8089", BaseError::NotLoopback);
        check("http://127.0.0.1:8089@shop.example", BaseError::NotLoopback);
        check("http://127.0.0.1.:8089@shop.example", BaseError::NotLoopback);
        check("http://[::1]@shop.example", BaseError::NotLoopback);
        check("http://[fe80::1%25lo]:8089", BaseError::Unreadable);
        check("http://user@127.0.0.1:8089", BaseError::Extra);
        check("http://:secret@127.0.0.1:8089", BaseError::Extra);
        check("http://127.0.0.1:8089/open_api/v1.3", BaseError::Extra);
        check("http://127.0.0.1:8089?a=b", BaseError::Extra);
        check("http://127.0.0.1:8089#a", BaseError::Extra);
    }

    #[test]
    fn an_error_says_what_to_write_and_quotes_nothing() {
        let error = ApiBase::loopback("http://user:hunter2@shop.example/x")
            .unwrap_err()
            .to_string();
        assert!(error.contains("http://127.0.0.1:8089"), "{error}");
        assert!(
            !error.contains("hunter2") && !error.contains("shop.example"),
            "{error}"
        );
    }
}
