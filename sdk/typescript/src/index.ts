// @lamda/sdk: everything that a frontend uses.

export * from './client.js';
export { ContentError, JobEnded, LamdaError, WalletError, type FieldError, type Job, type Problem } from './errors.js';
export type { FeedChannel, FeedMessage } from './feed.js';
export type { FileContent, StoredFile } from './files.js';
export type { AnyJob, JobUpdates } from './job_updates.js';
export type { LogChunk } from './logs.js';
export type { components, operations, paths } from './openapi.js';
export type { OutputFile } from './output.js';
export type { Fetch, RetryOptions, Sleep } from './retry.js';
export type { SignInOptions } from './sign_in.js';
export { accountOf, rpcWallet, sendTransaction, signCancellation, type Eip1193Provider, type Market, type WalletTransaction } from './wallet.js';
