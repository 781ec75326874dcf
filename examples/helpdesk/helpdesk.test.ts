import { testSource } from 'tributary/source/test';
import { helpdesk } from './helpdesk.ts';
import { startHelpdesk, TOKEN } from './helpdesk-vendor.ts';

testSource({
  source: helpdesk,
  start: startHelpdesk,
  settings: ({ url }) => ({ token: TOKEN, base_url: url }),
  wrongKey: ({ url }) => ({ token: 'wrong', base_url: url }),
  tables: {
    agent: {
      truth: ({ agents }) => agents.values(),
      change: ({ agents }) => void agents.set('a7', { id: 'a7', email: 'new@example.com', groups: [] }),
      remove: ({ agents }) => void agents.delete('a8'),
    },
    ticket: {
      truth: ({ tickets }) => tickets.values(),
      change: (vendor) => vendor.touch('t5', { status: 'solved' }),
      remove: (vendor) => vendor.touch('t6', { deleted: true }),
    },
  },
});
