//! The tools: words and shapes for the model.
