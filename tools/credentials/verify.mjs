// Lets verifiers that others wrote judge credentials. One JSON object on standard input:
// {pages: {URL: document}, credentials: [{by: "digitalbazaar" | "digitalcredentials", suites: [name], credential}]}
// `pages` stands for the web: contexts, DIDs, methods by their full id, status lists; nothing else can be fetched.
// Answers {verdicts: [{verified, reason}]} on standard output.
import {readFileSync} from 'node:fs';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {cryptosuite as rdfc} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import {createVerifyCryptosuite as jcs} from '@digitalbazaar/eddsa-jcs-2022-cryptosuite';
import * as vc from '@digitalbazaar/vc';
import {checkStatus} from '@digitalbazaar/vc-bitstring-status-list';

const asked = JSON.parse(readFileSync(0, 'utf8'));
const SUITES = {'eddsa-rdfc-2022': () => rdfc, 'eddsa-jcs-2022': jcs};

console.log = console.error; // standard output is for the answer
globalThis.fetch = async request => {
  const url = typeof request === 'string' ? request : request.url;
  const page = asked.pages[url];
  const headers = {'content-type': 'application/json'};
  return page ? new Response(JSON.stringify(page), {status: 200, headers}) : new Response('', {status: 404});
};
// after fetch was replaced: it keeps the one that it finds
const core = await import('@digitalcredentials/verifier-core');

async function documentLoader(url) {
  const document = asked.pages[url];
  if(!document) {
    throw new Error(`not at hand: ${url}`);
  }
  return {contextUrl: null, documentUrl: url, document: structuredClone(document)};
}

async function byDigitalBazaar({credential, suites}) {
  const suite = suites.map(name => new DataIntegrityProof({cryptosuite: SUITES[name]()}));
  const lists = {suite: new DataIntegrityProof({cryptosuite: rdfc}), verifyBitstringStatusListCredential: true};
  const result = await vc.verifyCredential({
    credential, suite, documentLoader, checkStatus: given => checkStatus({...given, ...lists})
  });
  if(!result.verified) {
    return {verified: false, reason: explain(result.error ?? result.statusResult)};
  }
  // its `verified` says only that the lists could be read; what they say is for the caller to judge
  const set = (result.statusResult?.results ?? []).filter(each => each.status);
  return {verified: set.length === 0, reason: set.map(each => each.credentialStatus.statusPurpose).join('; ')};
}

async function byDigitalCredentials({credential}) {
  const result = await core.verifyCredential({credential, knownDIDRegistries: []});
  const failed = (result.log ?? []).filter(step => step.id !== 'registered_issuer' && !step.valid);
  const verified = !result.errors && failed.length === 0;
  return {verified, reason: verified ? '' : explain(result.errors ?? failed)};
}

function explain(error) {
  return [error?.message, ...(error?.errors ?? []).map(each => each.message)].filter(Boolean).join('; ') ||
    JSON.stringify(error);
}

async function judge(each) {
  try {
    return await {digitalbazaar: byDigitalBazaar, digitalcredentials: byDigitalCredentials}[each.by](each);
  } catch(error) {
    return {verified: false, reason: explain(error)};
  }
}

const verdicts = [];
for(const each of asked.credentials) {
  verdicts.push(await judge(each));
}
process.stdout.write(JSON.stringify({verdicts}));
