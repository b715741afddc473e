//! One question, answered from the service, with what its answer covers.
