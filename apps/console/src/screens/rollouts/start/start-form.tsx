import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { api, environmentPath, type ApiError } from '../../../api/request.ts';
import { environment, live } from '../../../live/current.ts';
import { navigate, screenHref } from '../../../router/location.ts';
import { useForm } from '../../../ui/form.ts';
import { SelectField, TextField } from '../../../ui/field.tsx';
import { Failed } from '../../../ui/states.tsx';
import { demoDefectOf } from '../model/demo.ts';
import { dyeRulesOf, requestOf } from './start-request.ts';

const empty = {
  flag: '',
  lane: 'gray',
  unit: 'user',
  steps: '1, 5, 25, 50, 100',
  minutes: '10',
  service: '',
  metric: 'http.server.request.duration',
  bad: '5..',
  source: '',
  looks: '60',
  mode: '',
  reason: '',
};

/** In the demo shop: a release whose defect the guard finds in a few minutes of light traffic. */
const demo = { unit: 'request', steps: '40', service: 'gateway', looks: '0', mode: 'act' };

/** A short form that starts a rollout; the request is shown as it is sent. */
export function StartForm(): JSX.Element {
  const flags = live.value?.flags.value;
  const isDemo = demoDefectOf(flags) !== undefined;
  const { values, set, clear } = useForm(isDemo ? { ...empty, ...demo } : empty);
  const error = useSignal<ApiError | undefined>(undefined);
  const rules = dyeRulesOf(flags);
  const flag = values.flag === '' ? (rules[0]?.key ?? '') : values.flag;
  const lanes = rules.find(({ key }) => key === flag)?.lanes ?? [];
  const request = requestOf({ ...values, flag });
  const start = async (): Promise<void> => {
    try {
      const path = environmentPath(environment.peek(), 'rollouts');
      const { body } = await api<{ id: string }>('POST', path, {
        body: request,
        reason: values.reason.trim(),
      });
      clear();
      navigate(screenHref(environment.peek(), 'rollouts', body.id));
    } catch (failure) {
      error.value = failure as ApiError;
    }
  };
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void start();
      }}
    >
      <div class="head">
        <h1>Start a rollout</h1>
      </div>
      {isDemo && (
        <p class="notice">
          This is the demo shop. Start this release, break payments on its page, and watch the guard take it
          back within a few minutes.
        </p>
      )}
      <div class="start">
        <section class="card" aria-label="Who">
          <h2>Who</h2>
          <SelectField
            label="Dye rule"
            value={flag}
            onChange={set('flag')}
            options={rules.map(({ key }): [string, string] => [key, key])}
            hint={
              rules.length === 0
                ? 'There is no string flag here: create one whose variants are lanes.'
                : undefined
            }
          />
          <TextField
            label="Lane"
            mono
            value={values.lane}
            onInput={set('lane')}
            hint={lanes.length > 0 && `It has ${lanes.join(', ')}.`}
          />
          <SelectField
            label="Unit"
            value={values.unit}
            onChange={set('unit')}
            options={[
              ['user', 'users: each stays in its arm'],
              ['tenant', 'tenants: each stays in its arm'],
              ['request', 'requests: for changes that users do not see'],
            ]}
          />
        </section>
        <section class="card" aria-label="Steps">
          <h2>Steps</h2>
          <TextField label="Shares in percent" value={values.steps} onInput={set('steps')} />
          <TextField label="Minutes in a step, at least" value={values.minutes} onInput={set('minutes')} />
          <TextField
            label="A/A looks before the first step"
            value={values.looks}
            onInput={set('looks')}
            hint="Both arms run the same code first, so that the guard learns how much they differ by themselves."
          />
        </section>
        <section class="card" aria-label="Guard">
          <h2>Guard</h2>
          <TextField
            label="Service"
            required
            mono
            value={values.service}
            onInput={set('service')}
            placeholder="payments"
          />
          <TextField label="Duration histogram" mono value={values.metric} onInput={set('metric')} />
          <TextField
            label="Failed, if the status code matches"
            mono
            value={values.bad}
            onInput={set('bad')}
            hint="A regular expression of the whole http.response.status_code; empty to compare latency alone."
          />
          <TextField
            label="Prometheus"
            value={values.source}
            onInput={set('source')}
            placeholder="signals sent to this server by OTLP"
            hint="An address of the server's setting GRAYLANE_PROMETHEUS, e.g. http://prometheus:9090."
          />
          <SelectField
            label="The guard may"
            value={values.mode}
            onChange={set('mode')}
            options={[
              ['', 'as the environment decides: first pause, later act'],
              ['report', 'report only'],
              ['pause', 'pause'],
              ['act', 'pause, promote and roll back'],
            ]}
          />
        </section>
      </div>
      <details class="card">
        <summary>The request, also for the command line</summary>
        <pre tabIndex={0} aria-label="Request">
          {JSON.stringify(request, null, 2)}
        </pre>
      </details>
      {error.value && <Failed error={error.value} />}
      <div class="save-bar changed">
        <label class="reason">
          Reason
          <input
            class="input"
            value={values.reason}
            placeholder="What is released?"
            onInput={(event) => set('reason')(event.currentTarget.value)}
          />
        </label>
        <a class="button" href={screenHref(environment.value, 'rollouts')}>
          Cancel
        </a>
        <button type="submit" class="button primary" disabled={flag === '' || values.service.trim() === ''}>
          Start
        </button>
      </div>
    </form>
  );
}
