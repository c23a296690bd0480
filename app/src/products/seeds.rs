//! What the catalogue begins with (`viralcore-rules.md` table 1.1).

use domain::Money;
use domain::money::Plan;
use domain::product::{Asks, Product, ProductKind};

/// Within so many hours people deliver, until operators say otherwise.
const DUE_HOURS: i64 = 24;
/// What takes longer than a day to arrange.
const LONG_HOURS: i64 = 48;

fn credits(key: &str, plan: &str, price: i64, title: String, words: String, asks: Asks) -> Product {
    Product {
        key: key.to_owned(),
        title,
        words,
        kind: ProductKind::Credits,
        plan: Plan::new(plan),
        price: Money::usd_minor(price),
        presets: vec![10, 25, 50, 100],
        min: 10,
        step: 1,
        max: 10_000,
        asks,
        due_hours: DUE_HOURS,
        enabled: true,
    }
}

fn manual(key: &str, price: i64, title: &str, words: &str, asks: Asks) -> Product {
    Product {
        kind: ProductKind::Manual,
        plan: None,
        presets: Vec::new(),
        ..credits(key, "", price, title.to_owned(), words.to_owned(), asks)
    }
}

/// Every product, in the order of the menus.
pub(super) fn all() -> Vec<Product> {
    let mut all = Vec::new();
    for (tier, price, words) in [
        (1, 500_000, "25 likes, 10 comments, 2,000 views and 5 reposts for each post."),
        (2, 1_000_000, "50 likes, 20 comments, 5,000 views and 10 reposts for each post."),
        (3, 1_500_000, "75 likes, 30 comments, 7,000 views and 15 reposts for each post."),
        (4, 2_000_000, "100 likes, 40 comments, 10,000 views and 20 reposts for each post."),
        (
            5,
            3_000_000,
            "150 likes, 40 comments and 20 comments of verified accounts, 15,000 views and 30 reposts for each post.",
        ),
    ] {
        let (key, plan) = (format!("x_t{tier}"), format!("t{tier}"));
        all.push(credits(&key, &plan, price, format!("X engagement, Tier {tier}"), words.to_owned(), Asks::XName));
    }
    for comments in [5, 10, 15, 20, 25, 30] {
        // The plan of ten is older than the others and keeps its code.
        let plan = if comments == 10 { "tgt".to_owned() } else { format!("tgt{comments}") };
        let title = format!("Telegram engagement, {comments} comments");
        let words = format!("{comments} comments, reactions included, for each post.");
        all.push(credits(&format!("tg_{comments}"), &plan, comments * 20_000, title, words, Asks::TgName));
    }
    all.push(Product {
        presets: vec![10, 25, 50, 100],
        max: 100_000,
        ..manual("x_poll", 30_000, "X poll votes", "Votes for one option of your poll.", Asks::Poll)
    });
    all.push(Product {
        presets: vec![1_000, 2_000, 5_000, 10_000],
        min: 1_000,
        max: 1_000_000,
        ..manual(
            "direct_add",
            10_000,
            "X followers, Direct Add",
            "Followers, added as fast as is safe.",
            Asks::XProfile,
        )
    });
    all.push(Product {
        presets: vec![100, 250, 500, 1_000],
        min: 10,
        step: 10,
        max: 1_000_000,
        due_hours: LONG_HOURS,
        ..manual(
            "slow_push",
            15_000,
            "X followers, Slow Push",
            "Followers, spread over as many days as you say, 1 to 200.",
            Asks::XProfileDays,
        )
    });
    all.push(Product {
        min: 50,
        max: 100_000,
        due_hours: LONG_HOURS,
        ..manual(
            "tg_premium",
            70_000,
            "Telegram premium members",
            "Premium members who join your channel and view it for 200 days.",
            Asks::TgChannel,
        )
    });
    all.push(Product {
        presets: vec![1],
        min: 1,
        max: 12,
        due_hours: LONG_HOURS,
        ..manual(
            "tg_automation",
            10_000_000,
            "Telegram automation, a month",
            "A bot of your own that watches your channel and submits its posts.",
            Asks::TgChannel,
        )
    });
    all
}
