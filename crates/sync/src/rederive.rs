//! The typed columns derived anew from the raw records, when the reading of them changed. No call is made.

use super::full::Batch;
use super::stored::Stored;
use super::{SyncError, Syncer};
use mirror::Kind;
use spectora::{ConnectionStats, Connections, Contacts, Inspections, RawRecord};

/// Records derived in one transaction.
const BATCH: usize = 500;

impl Syncer {
    /// Derives what is not derived with this program's settings; goes on where a derivation was stopped. Until it is done
    /// no process answers from the mirror.
    pub(super) async fn rederive(&self) -> Result<(), SyncError> {
        let mirror = std::sync::Arc::clone(&self.mirror);
        let Some(place) = mirror::changing(move || mirror.unsettled()).await? else { return Ok(()) };
        tracing::info!(company = self.company().as_str(), "deriving the mirror's columns anew from the raw records");
        let place = place.split_once(' ').and_then(|(kind, after)| Some((kind.parse().ok()?, after.parse().ok()?)));
        let (first, after): (usize, i64) = match place {
            Some(place) => place,
            None => {
                let mirror = std::sync::Arc::clone(&self.mirror);
                mirror::changing(move || mirror.mapping_begins()).await?;
                (0, i64::MIN)
            }
        };
        for (number, kind) in Kind::ALL.iter().enumerate().skip(first) {
            let after = if number == first { after } else { i64::MIN };
            match kind {
                Kind::Inspections => self.rederive_of::<Inspections>(number, after).await?,
                Kind::Agents => self.rederive_of::<Connections>(number, after).await?,
                Kind::AgentStats => self.rederive_of::<ConnectionStats>(number, after).await?,
                Kind::Clients => self.rederive_of::<Contacts>(number, after).await?,
            }
        }
        let mirror = std::sync::Arc::clone(&self.mirror);
        mirror::changing(move || mirror.settled()).await?;
        Ok(())
    }

    async fn rederive_of<R: Stored>(&self, number: usize, after: i64) -> Result<(), SyncError> {
        let kind: Kind = R::KIND;
        let mut after = after;
        loop {
            let raws = self.mirror.read(move |snapshot| snapshot.raws_after(kind, after, BATCH, true)).await?;
            let Some((last, _)) = raws.last() else { return Ok(()) };
            after = *last;
            let mut rows = Vec::new();
            for (_, bytes) in raws {
                let raw = RawRecord::from_bytes(bytes);
                rows.push((self.client.read_back::<R>(&raw)?, raw));
            }
            let batch = Batch::<R>::alone(rows);
            let now = self.clock.now();
            let mapping = self.mirror.mapping().to_owned();
            self.mirror
                .write(move |tx| {
                    R::rederive(tx, &batch.fresh(), now)?;
                    tx.derived_to(&mapping, &format!("{number} {after}"))
                })
                .await?;
        }
    }
}
