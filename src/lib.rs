//! mjbatch runs a manifest of image prompts as a resumable batch.
pub mod api;
pub mod engine;
pub mod plan;
pub mod store;
pub mod task;
