//! The typed columns derived anew from the raw records, when the reading of them changed. No call is made.

use std::sync::Arc;

use super::full::Batch;
use super::stored::Stored;
use super::{SyncError, Syncer};
use mirror::{ForgottenRecords, Kind, MirrorError};
use spectora::{ConnectionStats, Connections, Contacts, Inspections, RawRecord};

/// Records derived in one transaction.
const BATCH: usize = 500;

impl Syncer {
    /// Derives what is not derived with this program's settings; goes on where a derivation was stopped. Until it is done
    /// no process answers from the mirror.
    pub(super) async fn rederive(&self) -> Result<(), SyncError> {
        let mirror = Arc::clone(&self.mirror);
        if let Some(place) = mirror::changing(move || mirror.unsettled()).await? {
            self.derive_from(&place).await?;
        }
        self.clean().await
    }

    async fn derive_from(&self, place: &str) -> Result<(), SyncError> {
        tracing::info!(company = self.company().as_str(), "deriving the mirror's columns anew from the raw records");
        let place = place.split_once(' ').and_then(|(kind, after)| Some((kind.parse().ok()?, after.parse().ok()?)));
        let (first, after): (usize, i64) = match place {
            Some(place) => place,
            None => {
                let (mirror, people) = (Arc::clone(&self.mirror), self.forgotten_records());
                mirror::changing(move || {
                    if let Some(people) = people {
                        mirror.forget_traces(&people)?;
                    }
                    mirror.mapping_begins()
                })
                .await?;
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
        let mirror = Arc::clone(&self.mirror);
        mirror::changing(move || mirror.settled()).await?;
        Ok(())
    }

    /// Whose traces go; `None` where nobody was forgotten.
    fn forgotten_records(&self) -> Option<ForgottenRecords> {
        let forgotten = self.client.forgotten();
        let clients = forgotten.clients.iter().map(|id| (Kind::Clients, id.to_string()));
        let agents = forgotten.agents.iter().map(|id| (Kind::Agents, id.to_string()));
        let people =
            ForgottenRecords { records: clients.chain(agents).collect(), clients_before: forgotten.clients_before };
        (!forgotten.is_empty()).then_some(people)
    }

    /// Whether nothing is left in the mirror's file of whom was forgotten.
    pub async fn is_clean(&self) -> Result<bool, MirrorError> {
        let mark = self.client.forgotten().mark();
        if mark.is_empty() {
            return Ok(true);
        }
        let mirror = Arc::clone(&self.mirror);
        mirror::reading(move || mirror.is_cleaned_of(&mark)).await
    }

    /// Makes sure that nothing is left in the file of whom was forgotten, also where that was stopped before.
    async fn clean(&self) -> Result<(), SyncError> {
        if self.is_clean().await? {
            return Ok(());
        }
        let (mirror, mark) = (Arc::clone(&self.mirror), self.client.forgotten().mark());
        let is_clean = mirror::changing(move || mirror.clean(&mark)).await?;
        if !is_clean {
            tracing::warn!(
                company = self.company().as_str(),
                "somebody reads all the time, so old pages of the mirror may still name people who were forgotten; the next \
                 sync tries again"
            );
        }
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
                rows.push(self.client.read_back_to_keep::<R>(RawRecord::from_bytes(bytes))?);
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
