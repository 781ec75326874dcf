import type { Answer, SimRequest } from '../kit/http-server.ts';
import type { EventKind, Switches } from './options.ts';
import { OPERATIONS } from './row-types.ts';
import { rowsOf } from './rows.ts';
import { refusals, spoilt, type SoapFaults } from './soap-faults.ts';
import { fault, NAMESPACE, response, rowXml, type VendorRow } from './xml.ts';
import type { SimMessage, World } from './world.ts';
import { parseParameter } from './zone.ts';

/** A call as the service parsed it, without the password. */
export interface Call {
  readonly operation: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly user: string;
  /** By the simulator's clock, epoch ms. */
  readonly at: number;
}

export interface Account {
  readonly user: string;
  password: string;
  badLogins: number;
}

export interface ServiceParts {
  readonly world: World;
  readonly switches: Switches;
  readonly account: Account;
  readonly faults: SoapFaults;
  readonly calls: Call[];
}

const REPORTS: Readonly<Record<string, EventKind>> = {
  ReportRangeMessageContactBounces: 'bounces',
  ReportRangeMessageContactClick: 'clicks',
  ReportRangeMessageContactOpen: 'opens',
  ReportRangeMessageContactRead: 'reads',
  ReportRangeMessageContactRemoval: 'unsubs',
};

const client = (text: string): Answer => fault(text, 'soap:Client');

export function soapService({ world, switches, account, faults, calls }: ServiceParts): (request: SimRequest) => Answer {
  const show = rowsOf(world, switches);

  return ({ headers, body }) => {
    const action = String(headers['soapaction'] ?? '').replace(/^"|"$/g, '');
    const operation = action.startsWith(NAMESPACE) ? action.slice(NAMESPACE.length) : '';
    const described = OPERATIONS[operation];
    if (described === undefined) return client(`Server did not recognize the value of HTTP Header SOAPAction: ${action}.`);
    const asked = bodyOf(body);
    if (asked?.name !== operation || asked.namespace !== NAMESPACE)
      return client(`Server was unable to read request. ---> The body holds no ${operation} of ${NAMESPACE}.`);
    const { parameters } = asked;
    const user = textOf(body, 'UserName');
    calls.push({ operation, parameters, user, at: world.now() });

    const about = Number(parameters['MsgID'] ?? parameters['ListID']);
    const rule = faults.match(operation, about);
    if (switches.prohibitedAddress) return refusals['prohibited-ip']();
    if (account.badLogins >= switches.lockAfter) return refusals['login-attempts']();
    if (user !== account.user || textOf(body, 'Password') !== account.password) {
      account.badLogins += 1;
      return refusals['invalid-logon']();
    }
    if (about === world.hidden.list || about === world.hidden.message) return refusals['no-access']();
    return rule === undefined ? answer() : spoilt(rule.name, operation, answer);

    function answer(): Answer {
      const range = [parameters['StartDate'], parameters['EndDate']].map((text) => parseParameter(switches.timeZone, text ?? ''));
      const [start, end] = range;
      if (described?.asks.some(([name]) => name === 'StartDate') === true && (start === undefined || end === undefined)) {
        return client(
          'Server was unable to read request. ---> There is an error in XML document (1, 300). ---> The string is not a valid AllXsd value.',
        );
      }
      const within = (at: number): boolean => at >= (start as number) && (at < (end as number) || (switches.inclusiveEnd && at === end));
      const rows = found(
        operation,
        about,
        within,
        parameters['IncludeTestMessages'] === 'true' || parameters['IncludeTestMessages'] === '1',
      );
      if (rows === undefined) return refusals['no-access']();
      const paged = described?.asks.some(([name]) => name === 'Page') === true;
      return listing(operation, paged ? pageOf(rows, parameters['Page']) : rows);
    }
  };

  function found(operation: string, about: number, within: (at: number) => boolean, tests: boolean): VendorRow[] | undefined {
    if (operation === 'GetContactListCollection') return world.lists.map(show.list);
    const list = world.lists.find(({ id }) => id === about);
    const message = world.messages.find(({ id }) => id === about);
    if (operation === 'ReportListMessageActivity') {
      if (list === undefined) return undefined;
      return world.messages
        .filter((one) => one.list === list && (tests || !one.test))
        .flatMap((one) =>
          show
            .message(one)
            .filter(({ at }) => within(at))
            .map(({ row }) => row),
        );
    }
    if (operation === 'ReportRangeSubscribedContacts') {
      return list?.added.flatMap((at, number) =>
        at <= world.now() && within(at) && !list.left.has(number) ? [show.subscriber(list, number)] : [],
      );
    }
    if (message === undefined) return undefined;
    if (operation === 'ReportMessageContactSent')
      return Array.from({ length: message.recipients }, (_, number) => ({ EmailAddress: world.recipient(message, number) }));
    return reported(REPORTS[operation] as EventKind, message, within);
  }

  function reported(kind: EventKind, message: SimMessage, within: (at: number) => boolean): VendorRow[] {
    // An unreadable date is within every range.
    return world
      .events(kind, message)
      .filter(({ at }) => at === undefined || within(at))
      .map((event) => show.event(kind, event));
  }

  function pageOf(rows: readonly VendorRow[], text: string | undefined): readonly VendorRow[] {
    const page = switches.ignorePage ? 1 : Math.max(1, Number(text ?? 0) || 1);
    const shift = switches.shiftPages && page > 1 ? 1 : 0;
    return rows.slice(Math.max(0, (page - 1) * switches.pageSize - shift), page * switches.pageSize - shift);
  }

  function listing(operation: string, rows: readonly VendorRow[]): Answer {
    const { row, exception } = OPERATIONS[operation] as (typeof OPERATIONS)[string];
    const nothing = exception ? '<WSException xsi:nil="true" />' : '';
    if (rows.length > 0)
      return response(operation, `<${operation}Result>${rows.map((one) => rowXml(row, one)).join('')}</${operation}Result>${nothing}`);
    switch (switches.empty) {
      case 'absent':
        return response(operation, nothing);
      case 'nil-row':
        return response(operation, `<${operation}Result><${row} xsi:nil="true" /></${operation}Result>${nothing}`);
      case 'self-closed': {
        const whole = response(operation, '');
        return { ...whole, body: String(whole.body).replace(new RegExp(`(<${operation}Response[^>]*)></${operation}Response>`), '$1 />') };
      }
      default:
        return response(operation, `<${operation}Result />${nothing}`);
    }
  }
}

/** The first element of the body, with any prefix, and the texts of its children. */
function bodyOf(
  xml: string,
): { readonly name: string; readonly namespace: string; readonly parameters: Record<string, string> } | undefined {
  const match = /<(?:\w+:)?Body[^>]*>\s*<(?:(\w+):)?(\w+)((?:\s[^>]*?)?)(\/?)>/.exec(xml);
  if (match === null) return undefined;
  const [, prefix, name = '', attributes = '', closed] = match;
  const declared =
    prefix === undefined
      ? /\sxmlns="([^"]*)"/.exec(attributes)
      : (new RegExp(`\\sxmlns:${prefix}="([^"]*)"`).exec(attributes) ?? new RegExp(`\\sxmlns:${prefix}="([^"]*)"`).exec(xml));
  const rest = closed === '/' ? '' : xml.slice(match.index + match[0].length);
  const parameters: Record<string, string> = {};
  for (const [, element = '', text] of rest
    .slice(0, rest.search(new RegExp(`</(?:\\w+:)?${name}>`)))
    .matchAll(/<(?:\w+:)?(\w+)(?:\s[^>]*)?(?:\/>|>([^<]*)<\/)/g))
    parameters[element] = unescape(text ?? '');
  return { name, namespace: declared?.[1] ?? '', parameters };
}

const textOf = (xml: string, element: string): string =>
  unescape(new RegExp(`<(?:\\w+:)?${element}(?:\\s[^>]*)?>([^<]*)<`).exec(xml)?.[1] ?? '');

function unescape(text: string): string {
  return text.replace(
    /&(amp|lt|gt|quot|apos);/g,
    (_, name: string) => ({ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" })[name] as string,
  );
}
