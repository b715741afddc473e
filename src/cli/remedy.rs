//! What to do about an error, whichever layer it is from.

use access::{AccessError, StoreError};
use assistants::ChangeError;
use domain::RoleError;
use mirror::MirrorError;
use pdf::PdfError;
use present::PaintError;
use spectora::SpectoraError;
use sync::SyncError;

use crate::app::AppError;
use crate::config::ConfigError;
use crate::operations::TelemetryError;

/// The remedy of the first error in the chain that has one. What is said in this program's own words alone says it there.
pub(super) fn of(error: &anyhow::Error) -> Option<String> {
    error.chain().find_map(|error| {
        macro_rules! of_any {
            ($($layer:ty),*) => {
                $(if let Some(error) = error.downcast_ref::<$layer>() {
                    return Some(error.remedy().to_string());
                })*
            };
        }
        of_any!(
            ConfigError,
            AppError,
            SyncError,
            SpectoraError,
            MirrorError,
            AccessError,
            StoreError,
            ChangeError,
            RoleError,
            TelemetryError,
            PaintError,
            PdfError
        );
        None
    })
}
