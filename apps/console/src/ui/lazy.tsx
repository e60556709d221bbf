import { signal } from '@preact/signals';
import type { ComponentType, JSX } from 'preact';
import { Failed, Waiting } from './states.tsx';

/** A component that is loaded when it first appears; the module's only export is the component. */
export function lazy(load: () => Promise<Readonly<Record<string, ComponentType>>>): ComponentType {
  const loaded = signal<ComponentType | Error | undefined>(undefined);
  let isLoading = false;
  const start = (): void => {
    if (isLoading) return;
    isLoading = true;
    load().then(
      (module) => (loaded.value = Object.values(module)[0]),
      () => {
        isLoading = false;
        loaded.value = new Error('A part of the console could not be loaded. Was the server updated?');
      },
    );
  };
  return function Lazy(): JSX.Element {
    const Component = loaded.value;
    if (Component instanceof Error) return <Failed error={Component} retry={() => location.reload()} />;
    if (Component !== undefined) return <Component />;
    start();
    return <Waiting />;
  };
}
