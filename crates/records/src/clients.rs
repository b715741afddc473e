//! Lists of clients, from the mirror by key, from the service page by page.

use std::collections::HashSet;

use super::mirrored::as_of_all;
use super::{Basis, Gap, Listing, PAGE_ROWS, PAGES_PER_QUESTION_MAX, RecordsError, Whole};
use domain::{Client, ClientId, SearchTerms};
use mirror::{ClientsFrom, Kind};
use spectora::{ClientFilter, ClientSort, Contacts, Direction, Page, Query};

/// Where a list of clients goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientsAfter {
    /// The place in the order of names.
    pub from: ClientsFrom,
    /// The service's page on which the last client stood, where the service was asked.
    pub page: Option<u32>,
}

impl ClientsAfter {
    /// Whether a client at this place is still to come.
    pub(super) fn is_before(&self, sort: &str, id: &ClientId) -> bool {
        match &self.from {
            ClientsFrom::Client { sort: last, id: last_id } => {
                let last_place = domain::id_order(last_id);
                (last.as_str(), last_place) < (sort, domain::id_order(id.as_str()))
            }
            ClientsFrom::Name(name) => name.as_str() <= sort,
            ClientsFrom::AfterName(name) => name.as_str() < sort,
        }
    }
}

/// A client with the place it has in a list.
#[derive(Clone, Debug)]
pub struct ListedClient {
    /// The client.
    pub client: Client,
    /// What it is sorted by.
    pub sort: String,
    /// The service's page it stood on, where the service was asked page by page.
    pub page: Option<u32>,
}

/// Clients in the order of family names.
#[derive(Clone, Debug)]
pub struct ClientList {
    /// At most as many as asked for.
    pub rows: Vec<ListedClient>,
    /// How many there are in all, over all pages of the list, when that is certain.
    pub total: Option<u64>,
    /// Whether more follow.
    pub more: bool,
    /// What this is based on.
    pub basis: Basis,
}

impl Whole {
    /// The first `limit` clients by family name, after `after` when given; all `words` must begin a word of the
    /// name, e-mail address, phone number or city.
    ///
    /// The mirror, and the service where it is asked for words, go on by the key of the last client. All clients of the
    /// service come in its own order and only by pages: there the page of the last client is read once more, so that
    /// neither a client who is gone nor a new one makes another fall between two pages.
    pub(super) async fn clients(
        &self,
        words: Option<&SearchTerms>,
        after: Option<&ClientsAfter>,
        limit: usize,
    ) -> Result<ClientList, RecordsError> {
        if let Some(list) = self.or_service(self.mirrored_clients(words, after, limit).await)? {
            return Ok(list);
        }
        self.listed_clients(words, Client::search_text, after, limit).await
    }

    /// The same from the service; all words are looked for in what `text` says of a client.
    pub(super) async fn listed_clients(
        &self,
        words: Option<&SearchTerms>,
        text: impl Fn(&Client) -> String,
        after: Option<&ClientsAfter>,
        limit: usize,
    ) -> Result<ClientList, RecordsError> {
        match words {
            Some(words) => self.clients_with_words(words, text, after, limit).await,
            None => self.clients_by_page(after, limit).await,
        }
    }

    async fn mirrored_clients(
        &self,
        words: Option<&SearchTerms>,
        after: Option<&ClientsAfter>,
        limit: usize,
    ) -> Result<Option<ClientList>, RecordsError> {
        let Some((mirror, note)) = self.fresh_mirror().await? else { return Ok(None) };
        let words = words.cloned();
        let from = after.map(|after| after.from.clone());
        let (coverage, found) = mirror
            .read(move |snapshot| {
                let coverage = snapshot.coverage(Kind::Clients)?;
                let found = match coverage.full_at {
                    Some(_) => Some(snapshot.clients(words.as_ref(), from.as_ref(), limit)?),
                    None => None,
                };
                Ok((coverage, found))
            })
            .await?;
        let (Some(found), Some(as_of)) = (found, as_of_all(&coverage)) else { return Ok(None) };
        let read = |(sort, raw)| {
            let client = self.decode::<Contacts>(raw)?;
            Ok::<_, RecordsError>(ListedClient { client, sort, page: None })
        };
        let rows = found.rows.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let basis = Basis::of_mirror(Kind::Clients, &coverage, as_of, note);
        Ok(Some(ClientList { rows, total: Some(found.total), more: found.more, basis }))
    }

    /// Those with these words, from the service: all are read, and put in order here.
    async fn clients_with_words(
        &self,
        words: &SearchTerms,
        text: impl Fn(&Client) -> String,
        after: Option<&ClientsAfter>,
        limit: usize,
    ) -> Result<ClientList, RecordsError> {
        let mut query = by_name();
        // The longest word alone: where the service looks, and whether it takes several, is not documented.
        let longest = words.iter().max_by_key(|word| word.chars().count());
        query.filters.extend(longest.map(|word| ClientFilter::FullText(word.to_owned())));
        let mut basis = self.asked_now();
        let mut found = self.read_all(query, &mut basis, Listing::Clients).await?;
        found.retain(|client| words.fit(&text(client)));
        Ok(list_of(found, after, limit, basis))
    }

    /// Those of these that have the words, from the mirror; `None` where that does not have all clients. All words are
    /// looked for in what `text` says of a client.
    pub(super) async fn mirrored_clients_by(
        &self,
        words: Option<&SearchTerms>,
        is_seen: impl Fn(&Client) -> bool,
        text: impl Fn(&Client) -> String,
        after: Option<&ClientsAfter>,
        limit: usize,
    ) -> Result<Option<ClientList>, RecordsError> {
        let Some(all) = self.mirrored_clients(words, None, usize::MAX).await? else { return Ok(None) };
        let mut found: Vec<Client> = all.rows.into_iter().map(|row| row.client).collect();
        found.retain(|client| is_seen(client) && words.is_none_or(|words| words.fit(&text(client))));
        Ok(Some(list_of(found, after, limit, all.basis)))
    }

    /// All of them, in the order and by the pages of the service.
    async fn clients_by_page(&self, after: Option<&ClientsAfter>, limit: usize) -> Result<ClientList, RecordsError> {
        let mut basis = self.asked_now();
        let begin = after.and_then(|after| after.page).unwrap_or(1);
        // Without a page the place is one in the order of names alone, as the mirror gave it.
        let by_name_alone = after.filter(|after| after.page.is_none());
        let last = match after.map(|after| (&after.from, after.page)) {
            Some((ClientsFrom::Client { id, .. }, Some(_))) => Some(id.as_str()),
            _ => None,
        };
        let is_last = |row: &ListedClient| last == Some(row.client.id.as_str());
        let still_to_come = |row: &ListedClient, after: &ClientsAfter| after.is_before(&row.sort, &row.client.id);
        let mut page = self.clients_page(begin).await?;
        let mut rows = listed(&mut page, begin);
        let mut pages_left = PAGES_PER_QUESTION_MAX - 1;
        if last.is_some() && 1 < begin && !rows.iter().any(is_last) {
            // Clients before it are gone, so it stands on the page before now; or it is gone itself, and then those
            // after it may.
            pages_left -= 1;
            let mut before = self.clients_page(begin - 1).await?;
            rows.splice(0..0, listed(&mut before, begin - 1));
        }
        let mut number = begin;
        let mut settled = last.is_none();
        loop {
            if !settled && let Some(at) = rows.iter().rposition(is_last) {
                rows.drain(..=at);
                settled = true;
            } else if !settled && (page.last || begin < number) {
                // It is nowhere near: gone. What follows its name goes on.
                rows.retain(|row| after.is_none_or(|after| still_to_come(row, after)));
                settled = true;
            }
            rows.retain(|row| by_name_alone.is_none_or(|after| still_to_come(row, after)));
            if page.last || (settled && limit < rows.len()) {
                break;
            }
            if pages_left == 0 {
                basis.gaps.push(Gap::AfterPage(Listing::Clients, number));
                break;
            }
            pages_left -= 1;
            let counted = page.pagination.records;
            number = page.pagination.after(number);
            page = self.clients_page(number).await?;
            if page.pagination.records < counted {
                basis.gaps.push(Gap::Moved(Listing::Clients, None));
            }
            rows.extend(listed(&mut page, number));
            // A client that moved to the next page meanwhile stands on both.
            let mut seen = HashSet::new();
            rows.retain(|row| seen.insert(row.client.id.clone()));
        }
        let more = limit < rows.len() || !page.last;
        rows.truncate(limit);
        Ok(ClientList { rows, total: page.pagination.records, more, basis })
    }

    async fn clients_page(&self, number: u32) -> Result<Page<Client>, RecordsError> {
        Ok(self.client.page(&by_name(), number, PAGE_ROWS).await?)
    }
}

/// The page of these after `after`; there is a total where none are missing.
fn list_of(found: Vec<Client>, after: Option<&ClientsAfter>, limit: usize, basis: Basis) -> ClientList {
    let total = basis.is_complete().then_some(found.len() as u64);
    let mut rows: Vec<ListedClient> =
        found.into_iter().map(|client| ListedClient { sort: client.sort_name(), client, page: None }).collect();
    rows.sort_by(|left, right| left.sort.cmp(&right.sort).then_with(|| left.client.id.cmp(&right.client.id)));
    rows.retain(|row| after.is_none_or(|after| after.is_before(&row.sort, &row.client.id)));
    let more = limit < rows.len();
    rows.truncate(limit);
    ClientList { rows, total, more, basis }
}

fn by_name() -> Query<Contacts> {
    Query::<Contacts> { sort: vec![(Direction::Ascending, ClientSort::LastFirstName)], ..Query::default() }
}

/// The clients of a page, moved out of it.
fn listed(page: &mut Page<Client>, number: u32) -> Vec<ListedClient> {
    let rows = std::mem::take(&mut page.rows);
    rows.into_iter().map(|client| ListedClient { sort: client.sort_name(), client, page: Some(number) }).collect()
}
