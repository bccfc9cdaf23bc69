//! mjbatch runs a manifest of image prompts as a resumable batch.
pub mod api;
pub mod engine;
pub mod output;
pub mod plan;
pub mod progress;
pub mod runner;
pub mod store;
pub mod task;
pub mod text;
