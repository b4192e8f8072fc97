//! podspec-builder
