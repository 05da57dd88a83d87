// What the page says, Chinese first. It means what `luban verify` means; a reader here has a phone and no manual.

const LEVELS = ["", "一级/高级技师", "二级/技师", "三级/高级工", "四级/中级工", "五级/初级工"];

export const LABELS = {
  number: ["证书编号", "Number"],
  holder: ["持证人", "Holder"],
  what: ["职业或项目", "Certifies"],
  level: ["等级", "Level"],
  body: ["颁发机构", "Issued by"],
  day: ["颁发日期", "Issued on"],
  by: ["签署者", "Signed by"],
  asOf: ["截至", "As of"],
};

export const HEADINGS = { proven: ["已证明", "Proven"], unproven: ["未证明", "Not proven"] };

/** By outcome: verdict, title, reason and what to do. */
export const OUTCOMES = {
  holds: ["holds", ["成立：码中所写确由名册签发", "HOLDS: the register signed what the code says"]],
  checking: ["unchecked", ["正在核验……", "Checking…"]],
  "no-code": [
    "unchecked",
    ["没有可核验的内容", "Nothing to check"],
    ["地址中 # 之后没有二维码的内容。", "The address holds nothing of a code behind #."],
    ["请用手机相机扫描证书上的二维码，由它进入本页。", "Scan the QR code on a certificate; it leads here."],
  ],
  "pocket-malformed": [
    "refused",
    ["不成立：码不完整或无法识读", "DOES NOT HOLD: the code is incomplete or no code of ours"],
    ["不是有效的证书二维码。", "This is no QR code of a certificate."],
    ["请将二维码拍正、拍全后再扫一次；仍如此，请勿采信。", "Scan it again, whole and straight; if it stays so, do not rely on it."],
  ],
  "pocket-signature": [
    "refused",
    ["不成立：内容被改动", "DOES NOT HOLD: it was changed"],
    ["二维码的签名不成立：码中内容与名册签署的不一致。", "The signature of the QR code does not hold: this is not what the register signed."],
    ["请勿采信，并按编号向名册核验。", "Do not rely on it; ask the register by the certificate's number."],
  ],
  "key-unknown-key": [
    "refused",
    ["不成立：不是已知密钥签署", "DOES NOT HOLD: no known key signed it"],
    ["没有签署者的公钥：本名册没有公布过这个密钥。", "The key that signed it is not at hand: this register has published no such key."],
    ["本机若离线，请联网后再扫一次：密钥可能是新的。否则请勿采信。", "Without a network, scan it again with one: the key may be new. Otherwise do not rely on it."],
  ],
  "key-before-key": [
    "refused",
    ["不成立：签署时间不对", "DOES NOT HOLD: its date is wrong"],
    ["签署时间早于该密钥启用。", "It is dated before its key was in use."],
    ["请勿采信，并按编号向名册核验。", "Do not rely on it; ask the register by the certificate's number."],
  ],
  "key-after-key": [
    "refused",
    ["不成立：签署时间不对", "DOES NOT HOLD: its date is wrong"],
    ["签署时间晚于该密钥停用。", "It is dated after its key was out of use."],
    ["请勿采信，并按编号向名册核验。", "Do not rely on it; ask the register by the certificate's number."],
  ],
  "key-compromised": [
    "refused",
    ["不成立：签署密钥曾泄露", "DOES NOT HOLD: its key was compromised"],
    ["该密钥曾泄露，签名不再可信：真证书也可能如此。", "Its key was compromised, and its signatures count no more; a true certificate may be among them."],
    ["请按编号向名册核验，或请持证人重新取得证书。", "Ask the register by the number, or have the certificate given out anew."],
  ],
  "no-keys": [
    "unchecked",
    ["未能核验：没有名册的公钥", "NOT CHECKED: no keys of the register"],
    ["取不到名册公布的公钥，本机也没有存过。", "The register's published keys cannot be had, and none are kept on this device."],
    ["请联网后再扫一次，或使用 luban verify。", "Scan it again with a network, or use luban verify."],
  ],
  "no-ed25519": [
    "unchecked",
    ["未能核验：浏览器不支持", "NOT CHECKED: this browser cannot"],
    ["此浏览器（或未加密的连接）不能验证这个签名（Ed25519）。", "This browser, or a connection that is not encrypted, cannot check this signature (Ed25519)."],
    ["请换用新版浏览器打开，或将二维码截图、证书PDF交给 luban verify。", "Open it in a recent browser, or give a picture of the code or the PDF to luban verify."],
  ],
};

/** Label and both texts of everything that is proven. */
export function proven(pocket, by) {
  const what = `${[pocket.title, pocket.trade].filter(Boolean).join(" ")}（${pocket.code}）`;
  const level = LEVELS[pocket.level];
  return [
    ["number", [pocket.number, pocket.number]],
    ["holder", [pocket.name, pocket.name]],
    ["what", [what, what]],
    ...(level ? [["level", [level, `${pocket.level} (${level})`]]] : []),
    ["body", [pocket.body, pocket.body]],
    ["day", [pocket.issuedOn, pocket.issuedOn]],
    ["by", [by, by]],
    ["asOf", [shanghai(pocket.signedAt), shanghai(pocket.signedAt)]],
  ];
}

/** Both texts of everything that is not. */
export function unproven({ logged }) {
  const leaf = logged?.leaf.slice(0, 16);
  const entry = [`公开日志第${logged?.index}条是否为 ${leaf}…（联网可查）`, `that entry ${logged?.index} of the public log is ${leaf}… (can be looked up)`];
  return [
    ...(logged ? [entry] : []),
    ["之后是否被撤销或暂停：请联网核验", "whether it was withdrawn or suspended since: ask the register"],
    ["面前的人是否持证人：请核对证件", "that whoever brings it is the holder: look at a document"],
  ];
}

/** When the keys were fetched, and what follows where they come from this device's store. */
export function keysTold(keptAt) {
  const at = shanghai((keptAt ? Date.parse(keptAt) : Date.now()) / 1000);
  if (!keptAt) return [`所用公钥：${at} 取自名册。`, `Keys: fetched from the register at ${at}.`];
  return [
    `所用公钥：本机存于 ${at}。此后才公布泄露的密钥，离线时本页不知道。`,
    `Keys: kept on this device since ${at}. Of a key said to be compromised later this page does not know without a network.`,
  ];
}

/** Such as 2026-12-01 09:30:00+08:00. */
function shanghai(seconds) {
  const shown = new Date((seconds + 8 * 3600) * 1000).toISOString();
  return `${shown.slice(0, 10)} ${shown.slice(11, 19)}+08:00`;
}
