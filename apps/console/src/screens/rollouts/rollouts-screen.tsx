import type { JSX } from 'preact';
import { environment } from '../../live/current.ts';
import { place } from '../../router/location.ts';
import { RolloutList } from './rollout-list.tsx';
import { RolloutPage } from './live/rollout-page.tsx';
import { StartForm } from './start/start-form.tsx';
import './rollouts.css';

/** The rollouts of the environment, one of them live, or the form that starts one. */
export function RolloutsScreen(): JSX.Element {
  const [, , , id] = place.value.path;
  if (id !== undefined) return <RolloutPage key={`${environment.value} ${id}`} id={id} />;
  return place.value.query.has('start') ? <StartForm /> : <RolloutList />;
}
