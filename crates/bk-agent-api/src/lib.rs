//! bk-agent-api
