//! pipeline-model
