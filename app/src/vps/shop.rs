//! What users can order now, as they see it: visible, available, with an option that is on, and of a package whose
//! addresses can be told from others. How many are free is a word here, never a number.

use crate::{App, StoreError};
use domain::vps::{Os, Pool};
use domain::{ItemId, Money, text};
use store::ipstock::listing::{self, Listed};
use store::ipstock::{self, Item};

/// Offers on one page.
const PAGE: usize = 8;
/// Pages beyond this are the last one.
const PAGES: usize = 99;
/// Rows read at a time.
const WINDOW: usize = 64;
/// At so many free addresses or fewer, there are only a few.
const FEW: i64 = 5;
/// So much of a description is shown.
const DESCRIPTION: usize = 500;

/// A page of what is sold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shop {
    /// By kind, then by title.
    pub offers: Vec<Offer>,
    /// Which page this is, from 0; the last one where a later one was asked for.
    pub page: usize,
    /// There is another one.
    pub more: bool,
}

/// Something that is sold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Which item.
    pub id: ItemId,
    /// Its title.
    pub title: String,
    /// The kind of server, by the operator's word.
    pub kind: String,
    /// Only a few are left.
    pub few: bool,
    /// The lowest price, USD for a month.
    pub from: Money,
}

/// An offer in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferDetail {
    /// In short.
    pub offer: Offer,
    /// What the operator says of it; may be empty.
    pub description: String,
    /// What can be ordered, smallest first: never empty.
    pub options: Vec<OfferOption>,
    /// The system that it usually comes with, for people. A purchase cannot choose another.
    pub os: String,
    /// How many of it a user may have.
    pub user_limit: Option<i64>,
}

/// A size with its price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferOption {
    /// The label, exactly.
    pub label: String,
    /// USD for a month.
    pub price: Money,
}

impl App {
    /// A page of what is sold now, from 0.
    pub async fn vps_shop(&self, page: usize) -> Result<Shop, StoreError> {
        let page = page.min(PAGES);
        let wanted = (page + 1) * PAGE;
        let sold = self
            .store()
            .read(|mut tx| async move {
                let mut sold: Vec<Offer> = Vec::new();
                let (mut title, mut id) = (String::new(), i64::MIN);
                loop {
                    let limit = i64::try_from(WINDOW).unwrap_or(i64::MAX);
                    let rows = listing::on_sale(&mut tx, (&title, id), limit).await?;
                    let full = rows.len() == WINDOW;
                    if let Some(last) = rows.last() {
                        (title, id) = (last.item.title.clone(), last.item.id.get());
                    }
                    sold.extend(rows.iter().filter_map(offer));
                    // One more than asked for says that there is another page.
                    if !full || sold.len() > wanted {
                        return Ok::<_, StoreError>(sold);
                    }
                }
            })
            .await?;
        let last = sold.len().div_ceil(PAGE).saturating_sub(1);
        let page = page.min(last);
        let more = sold.len() > (page + 1) * PAGE && page < PAGES;
        let mut offers: Vec<Offer> = sold.into_iter().skip(page * PAGE).take(PAGE).collect();
        offers.sort_by(|a, b| a.kind.cmp(&b.kind));
        Ok(Shop { offers, page, more })
    }

    /// An offer in full; `None` when it is not sold now.
    pub async fn vps_item(&self, id: ItemId) -> Result<Option<OfferDetail>, StoreError> {
        self.store()
            .read(|mut tx| async move {
                let Some(listed) = listing::find(&mut tx, id).await? else { return Ok(None) };
                let Some(offer) = offer(&listed) else { return Ok(None) };
                let options = ipstock::memories(&mut tx, id).await?;
                let options = options.into_iter().filter(|option| option.enabled);
                let options = options.map(|option| OfferOption { label: option.label, price: option.price }).collect();
                let item = listed.item;
                Ok(Some(OfferDetail {
                    offer,
                    description: text::clean_line(&item.description, DESCRIPTION),
                    options,
                    os: system(&item.default_os),
                    user_limit: item.user_limit,
                }))
            })
            .await
    }
}

/// Whether an order of an item would be taken now, as far as the item decides.
pub(super) fn is_sold(item: &Item) -> bool {
    item.visible && item.available && Pool::of(&item.key.name).is_some()
}

fn offer(listed: &Listed) -> Option<Offer> {
    let item = &listed.item;
    let from = listed.from_price.filter(|_| is_sold(item))?;
    Some(Offer {
        id: item.id,
        title: text::clean_line(&item.title, 80),
        kind: text::clean_line(&item.server_type, 40),
        few: item.quantity <= FEW,
        from,
    })
}

/// A system for people; a word that we do not know as it is.
pub(super) fn system(word: &str) -> String {
    word.parse::<Os>().map_or_else(|_| text::clean_line(word, 40), |os| os.title().to_owned())
}
