//! What can be wrong with single requests, and how often.

/// Faults that strike single requests at random. Rates are shares of a million requests of one side.
#[derive(Debug, Clone, Default)]
pub struct Weather {
    /// Requests to Buildkite.
    pub buildkite: Rates,
    /// Requests to Kubernetes.
    pub kubernetes: Rates,
    /// Requests of agents to Buildkite.
    pub agents: Rates,
}

/// Shares of a million, by kind of fault.
#[derive(Debug, Clone, Default)]
pub struct Rates(pub Vec<(FaultKind, u32)>);

/// What can be wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// The request or its answer takes seconds.
    Delay,
    /// The request arrives long after whoever sent it has given up.
    LateRequest,
    /// The connection breaks before the request arrives.
    LostRequest,
    /// The request is carried out, and the connection breaks before the answer arrives.
    LostAnswer,
    /// Nothing comes back until the caller gives up; the request was not carried out.
    Hang,
    /// Refused with 429.
    TooMany,
    /// Refused with 500; the request may have been carried out.
    ServerError,
    /// Refused with 503.
    Unavailable,
    /// Refused with 504; the request may have been carried out.
    GatewayTimeout,
    /// A watch breaks off in the middle.
    WatchCut,
    /// A watch delivers late.
    WatchLag,
    /// A watch delivers an event twice.
    WatchTwice,
    /// A watch begins at an older version than was asked for, so that events come again.
    WatchReplay,
    /// A watch or the next page of a list is told that its version has expired.
    Expired,
    /// A watch stays open and tells nothing.
    WatchSilent,
    /// The right to create Jobs is missing.
    Forbidden,
    /// Refused with 408.
    RequestTimeout,
    /// Refused with 425.
    TooEarly,
    /// A proxy that knows of no such page answers with 404 and a page of its own.
    ProxyNotFound,
    /// A proxy answers with 403 and a page of its own.
    ProxyForbidden,
    /// The request is carried out, and what comes back with 200 cannot be read.
    Unreadable,
}

impl FaultKind {
    /// Every kind, in the order of reports.
    pub const ALL: [Self; 21] = [
        Self::Delay,
        Self::LateRequest,
        Self::LostRequest,
        Self::LostAnswer,
        Self::Hang,
        Self::TooMany,
        Self::ServerError,
        Self::Unavailable,
        Self::GatewayTimeout,
        Self::WatchCut,
        Self::WatchLag,
        Self::WatchTwice,
        Self::WatchReplay,
        Self::Expired,
        Self::WatchSilent,
        Self::Forbidden,
        Self::RequestTimeout,
        Self::TooEarly,
        Self::ProxyNotFound,
        Self::ProxyForbidden,
        Self::Unreadable,
    ];

    /// Whether it strikes watches alone.
    #[must_use]
    pub const fn is_about_watches(self) -> bool {
        matches!(
            self,
            Self::WatchCut | Self::WatchLag | Self::WatchTwice | Self::WatchReplay | Self::WatchSilent
        )
    }

    /// Whether only what is between controllers and Buildkite answers so.
    #[must_use]
    pub const fn is_of_the_way(self) -> bool {
        matches!(
            self,
            Self::RequestTimeout
                | Self::TooEarly
                | Self::ProxyNotFound
                | Self::ProxyForbidden
                | Self::Unreadable
        )
    }

    /// Words for reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delay => "delay",
            Self::LateRequest => "late request",
            Self::LostRequest => "lost request",
            Self::LostAnswer => "lost answer",
            Self::Hang => "hang",
            Self::TooMany => "429",
            Self::ServerError => "500",
            Self::Unavailable => "503",
            Self::GatewayTimeout => "504",
            Self::WatchCut => "watch cut",
            Self::WatchLag => "watch stale",
            Self::WatchTwice => "watch event twice",
            Self::WatchReplay => "watch replayed",
            Self::Expired => "version expired",
            Self::WatchSilent => "watch silent",
            Self::Forbidden => "403",
            Self::RequestTimeout => "408",
            Self::TooEarly => "425",
            Self::ProxyNotFound => "404 of a proxy",
            Self::ProxyForbidden => "403 of a proxy",
            Self::Unreadable => "unreadable answer",
        }
    }
}
