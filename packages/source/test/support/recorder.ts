import type { FlagSink } from '@graylane/source';
import { inbox, type Inbox } from '../../../../test/support/inbox.ts';

/** Records what a source delivers, one string for each call. */
export function recorder(): { readonly sink: FlagSink; readonly heard: Inbox<string> } {
  const heard = inbox<string>();
  const sink: FlagSink = {
    update: (document, revision) => {
      heard.put(`update ${revision} ${JSON.stringify(document)}`);
      return true;
    },
    change: (delta, revision) => {
      heard.put(`change ${revision} ${JSON.stringify(delta)}`);
      return true;
    },
    live: () => heard.put('live'),
    stale: (message) => heard.put(`stale: ${message}`),
    refused: (message) => heard.put(`refused: ${message}`),
  };
  return { sink, heard };
}
