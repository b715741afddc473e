//! What was typed, and what it means: files, environment and flags become one settled configuration.
