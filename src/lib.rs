//! mjbatch runs a manifest of image prompts as a resumable batch.
pub mod output;
pub mod progress;
pub mod task;
pub mod text;
