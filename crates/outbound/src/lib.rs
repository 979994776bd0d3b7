//! Fetches documents from the outside world without becoming anybody's tool.
//!
//! A caller can make the server fetch an address of the caller's choosing: the discovery
//! document of a provider, its keys. So every fetch passes one guard. The address must be
//! `https` on its default port and every IP address its name resolves to must be public,
//! unless the configuration allows exactly that [`Origin`]. The connection goes to the
//! very address that was judged, so a name that resolves differently a moment later gains
//! nothing. Answers are bounded in size and in total time; redirects are not followed.
//!
//! The way through: [`Config`] (what may be reached?) → `Target` (is this address written
//! plainly?) → [`Resolve`] and `Zone` (where does it lead?) → [`Fetcher`] (go there).

mod config;
mod connect;
mod endpoints;
mod fetcher;
mod origin;
mod pinned;
mod refusal;
mod resolve;
mod target;
mod tls;
mod zone;

pub use self::config::{Config, ConfigError};
pub use self::fetcher::{Answered, Fetched, Fetcher, LIMITS, Limits};
pub use self::origin::{NotAnOrigin, Origin};
pub use self::refusal::FetchRefusal;
pub use self::resolve::{Resolve, Resolving, SystemResolver};
pub use self::zone::Zone;
