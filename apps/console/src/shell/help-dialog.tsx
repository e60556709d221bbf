import type { JSX } from 'preact';
import { Dialog } from '../ui/dialog.tsx';
import { environmentScreens, serverScreens } from './screens.ts';

/** The keys of the console. */
export function HelpDialog(): JSX.Element {
  return (
    <Dialog title="Keyboard">
      <table>
        <tbody>
          <Row keys={['/']} action="Search: the field of this screen, else the flags" />
          <Row keys={['k']} action="Kill a lane or a flag" />
          <Row keys={['j']} action="In a flag: rows or JSON" />
          <Row keys={['Esc', 'Tab']} action="Leave the JSON editor" />
          <Row keys={['↑', '↓']} action="On the number of a row: move the row" />
          <Row keys={['?']} action="This list" />
          {[...environmentScreens, ...serverScreens].map(
            ({ key, title }) => key && <Row key={key} keys={['g', key]} action={`Go to ${title}`} />,
          )}
        </tbody>
      </table>
      <div class="actions">
        <button type="submit" class="button primary">
          Close
        </button>
      </div>
    </Dialog>
  );
}

function Row({ keys, action }: { readonly keys: readonly string[]; readonly action: string }): JSX.Element {
  return (
    <tr>
      <td>
        {keys.map((key) => (
          <>
            <kbd>{key}</kbd>{' '}
          </>
        ))}
      </td>
      <td>{action}</td>
    </tr>
  );
}
