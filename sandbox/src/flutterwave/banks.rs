//! The Nigerian bank list as the provider gives it: mixed lengths of code, stray spaces, mixed case, one code twice.

use serde_json::{Value, json};

/// Id, code and name. The dirt is deliberate; consumers meet it in the real list.
pub(crate) const BANKS: [(u32, &str, &str); 64] = [
    (1, "044", "Access Bank"),
    (2, "023", "Citi Bank"),
    (4, "050", "EcoBank PLC"),
    (5, "011", "First Bank PLC"),
    (6, "214", "First City Monument Bank"),
    (7, "070", "Fidelity Bank"),
    (8, "058", "Guaranty Trust Bank"),
    (9, "076", "Polaris bank"),
    (10, "221", "Stanbic IBTC Bank"),
    (11, "068", "Standard Chaterted bank PLC"),
    (12, "232", "Sterling Bank PLC"),
    (13, "033", "United Bank for Africa"),
    (14, "032", "Union Bank PLC"),
    (15, "035", "Wema Bank PLC"),
    (16, "057", "Zenith bank PLC"),
    (17, "215", "Unity Bank PLC"),
    (18, "101", "ProvidusBank PLC"),
    (19, "082", "Keystone Bank"),
    (20, "301", "Jaiz Bank"),
    (21, "100", "Suntrust Bank"),
    (31, "305", " Paycom(OPay)"),
    (43, "304", "Stanbic Mobile Money"),
    (44, "309", "FBNMobile"),
    (46, "315", "GTMobile "),
    (47, "322", "Zenith Mobile"),
    (50, "318", "Fidelity Mobile"),
    (51, "323", "Access Money"),
    (55, "559", "Coronation Merchant Bank"),
    (57, "401", "ASO Savings and  Loans"),
    (58, "402", "Jubilee Life Mortgage Bank"),
    (61, "526", "Parallex Bank"),
    (62, "501", "FSDH Merchant Bank Limited"),
    (63, "560", "Page MFBank"),
    (64, "566", "VFD Micro Finance Bank"),
    (65, "552", "NPF MicroFinance Bank"),
    (71, "50211", "Kuda "),
    (72, "50515", "Moniepoint Microfinance Bank"),
    (73, "51310", "Sparkle Microfinance Bank"),
    (74, "50383", "Hasal Microfinance Bank"),
    (75, "50931", "Bowen Microfinance Bank"),
    (301, "000027", "Globus Bank"),
    (395, "000026", "Taj Bank Limited"),
    (825, "000019", "Enterprise Bank"),
    (964, "000025", "Titan Trust Bank"),
    (988, "000030", "Parallex Bank"),
    (1318, "000031", "PremiumTrust Bank"),
    (1355, "000033", "ENaira"),
    (1977, "000029", "Lotus Bank"),
    (2010, "000036", "Optimus Bank"),
    (2050, "000034", "SIGNATURE BANK"),
    (2298, "000037", "ALTERNATIVE BANK LIMITED"),
    (1801, "090267", "Kuda Microfinance Bank"),
    (1802, "090405", "MONIEPOINT MICROFINANCE BANK"),
    (1803, "090110", "VFD MFB"),
    (1804, "090175", "RUBIES MICROFINANCE BANK "),
    (1805, "090328", "Eyowo MFB"),
    (1806, "090286", "Safe Haven MFB"),
    (1807, "100004", "OPAY"),
    (1808, "100033", "PALMPAY"),
    (1809, "100034", "Zenith Eazy Wallet"),
    (1810, "120001", "9 Payment Service Bank"),
    (1811, "120003", "MoMo  Payment Service Bank"),
    (1812, "120004", "Airtel Smartcash PSB"),
    (2211, "120001", "9PAYMENT SERVICE BANK LTD"),
];

pub(crate) fn list() -> Value {
    BANKS.iter().map(|(id, code, name)| json!({ "id": id, "code": code, "name": name })).collect()
}

/// The first bank of this code.
pub(crate) fn find(code: &str) -> Option<&'static str> {
    BANKS.iter().find(|bank| bank.1 == code).map(|bank| bank.2)
}
