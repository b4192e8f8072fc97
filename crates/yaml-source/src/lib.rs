//! yaml-source
