import { render } from 'preact';

render(<h1>graylane</h1>, document.querySelector('#app') as HTMLElement);
