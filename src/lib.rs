//! mjbatch runs a manifest of image prompts as a resumable batch.
pub mod diagnostic;
pub mod duration;
pub mod manifest;
pub mod task;
