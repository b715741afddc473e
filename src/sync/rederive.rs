//! The typed columns derived anew from the raw records, when the reading of them changed. No call is made.

use super::kept::Kept;
use super::{SyncError, Syncer};
use crate::mirror::{Fresh, Kind};
use crate::spectora::{ConnectionStats, Connections, Contacts, Inspections, RawRecord};

/// Records derived in one transaction.
const BATCH: usize = 500;

impl Syncer {
    pub(super) async fn rederive(&self) -> Result<(), SyncError> {
        let mirror = std::sync::Arc::clone(&self.mirror);
        let changed = crate::mirror::changing(move || mirror.mapping_changed()).await?;
        if !changed {
            return Ok(());
        }
        tracing::info!(company = self.company().as_str(), "deriving the mirror's columns anew from the raw records");
        let mirror = std::sync::Arc::clone(&self.mirror);
        tokio::task::spawn_blocking(move || mirror.mapping_begins())
            .await
            .map_err(|_| crate::mirror::MirrorError::Closed)??;
        self.rederive_of::<Inspections>().await?;
        self.rederive_of::<Connections>().await?;
        self.rederive_of::<ConnectionStats>().await?;
        self.rederive_of::<Contacts>().await?;
        let mirror = std::sync::Arc::clone(&self.mirror);
        crate::mirror::changing(move || mirror.mapping_settled()).await?;
        Ok(())
    }

    async fn rederive_of<R: Kept>(&self) -> Result<(), SyncError> {
        let kind: Kind = R::KIND;
        let mut after = i64::MIN;
        loop {
            let raws = self.mirror.read(move |parts| parts.raws_after(kind, after, BATCH, false)).await?;
            let Some((last, _)) = raws.last() else { return Ok(()) };
            after = *last;
            let mut rows = Vec::new();
            for (_, bytes) in raws {
                let raw = RawRecord::from_bytes(bytes);
                rows.push((self.client.read_back::<R>(&raw)?, raw));
            }
            let now = self.clock.now();
            self.mirror
                .write(move |parts| {
                    let fresh: Vec<_> =
                        rows.iter().map(|(record, raw)| Fresh { record, raw: raw.as_bytes() }).collect();
                    R::rederive(parts, &fresh, now)
                })
                .await?;
        }
    }
}
