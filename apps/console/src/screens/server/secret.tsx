import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';

interface SecretProps {
  readonly name: string;
  readonly token: string;
  readonly onClose: () => void;
}

/** A new token, which the server shows once. */
export function Secret({ name, token, onClose }: SecretProps): JSX.Element {
  const isCopied = useSignal(false);
  return (
    <div class="notice good" role="status">
      <p>
        <strong>{name}</strong> is ready. The server keeps a hash alone: copy the token now.
      </p>
      <code>{token}</code>
      <div class="actions">
        <button
          type="button"
          class="button small"
          onClick={() => void navigator.clipboard.writeText(token).then(() => (isCopied.value = true))}
        >
          {isCopied.value ? 'Copied' : 'Copy'}
        </button>
        <button type="button" class="button small plain" onClick={onClose}>
          I have it
        </button>
      </div>
    </div>
  );
}
