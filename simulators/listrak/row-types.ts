/** Elements of each row in the order of the service, with their types. `!` marks value types, which are always present. */
const text = (names: string): [string, string][] =>
  names
    .trim()
    .split(/\s+/)
    .map((name) => [name, 'string']);

export const ROW_TYPES: Readonly<Record<string, readonly (readonly [name: string, type: string])[]>> = {
  WSContactList: [
    ['ListID', 'int!'],
    ['ListName', 'string'],
    ['CreateDate', 'dateTime!'],
    ...text('FromName FromEmail'),
    ['EnableRemovalLink', 'boolean!'],
    ['EnableBrowserLink', 'boolean!'],
    ['bounceHandling', 'int!'],
    ['EnableDoubleOptin', 'boolean!'],
    ['EnableListHygiene', 'boolean!'],
    ['Vmta', 'WSVmta'],
    ['ShowEmailList', 'boolean!'],
    ['ShowAdvancedPersonalization', 'boolean!'],
    ['BounceUnsubscribeCount', 'int!'],
    ...text('DomainAliasLink DomainAliasEmail'),
    ['EnableRSS', 'boolean!'],
    ['EnableGoogleAnalytics', 'boolean!'],
    ['GoogleTrackingDomains', 'string*'],
    ['EnableInternationalization', 'boolean!'],
    ['EnableDynamicContent', 'boolean!'],
    ['EnableListRemoveHeader', 'boolean!'],
  ],
  WSVmta: [
    ['VmtaID', 'int!'],
    ['Description', 'string'],
  ],
  WSMessageActivity: [
    ['ListID', 'int!'],
    ['MsgID', 'int!'],
    ['Subject', 'string'],
    ['SendDate', 'dateTime!'],
    ['DeliverCount', 'int!'],
    ['RemoveCount', 'int!'],
    ['RemovePercent', 'decimal!'],
    ['OpenCount', 'int!'],
    ['OpenPercent', 'decimal!'],
    ['ReadCount', 'int!'],
    ['ReadPercent', 'decimal!'],
    ['ClickCount', 'int!'],
    ['ClickerCount', 'int!'],
    ['RepeatClickerCount', 'int!'],
    ['NewClickerCount', 'int!'],
    ['ClickerPercent', 'decimal!'],
    ['OrderTotal', 'decimal!'],
    ['ConversionCount', 'int!'],
    ['AverageOrderValue', 'decimal!'],
  ],
  WSContactBounce: [...text('ContactID EmailAddress BounceReason BounceDetail BounceDate'), ['BounceCount', 'int!']],
  WSContactClick: text('ContactID EmailAddress LinkDescription LinkUrl ClickDate'),
  WSContactOpen: text('ContactID EmailAddress OpenDate'),
  WSContactRead: text('ContactID EmailAddress ReadDate'),
  WSMessageRecipient: text('EmailAddress'),
  WSContactRemovalInfo: [
    ...text('ContactID EmailAddress'),
    ['AdditionDate', 'dateTime!'],
    ['RemovalDate', 'dateTime!'],
    ['RemovalMethod', 'string'],
  ],
  WSContactSubscriptionInfo: [...text('ContactID EmailAddress'), ['AdditionDate', 'dateTime!'], ['AdditionMethod', 'string']],
};

export interface Operation {
  readonly row: string;
  readonly exception: boolean;
  /** Parameters and their types, in order. */
  readonly asks: readonly (readonly [name: string, type: string])[];
}

const range: [string, string][] = [
  ['StartDate', 'dateTime'],
  ['EndDate', 'dateTime'],
];
const ofMessage = (row: string): Operation => ({ row, exception: false, asks: [['MsgID', 'int'], ...range, ['Page', 'int']] });

export const OPERATIONS: Readonly<Record<string, Operation>> = {
  GetContactListCollection: { row: 'WSContactList', exception: false, asks: [] },
  ReportListMessageActivity: {
    row: 'WSMessageActivity',
    exception: true,
    asks: [['ListID', 'int'], ...range, ['IncludeTestMessages', 'boolean']],
  },
  ReportRangeMessageContactBounces: ofMessage('WSContactBounce'),
  ReportRangeMessageContactClick: ofMessage('WSContactClick'),
  ReportRangeMessageContactOpen: ofMessage('WSContactOpen'),
  ReportRangeMessageContactRead: ofMessage('WSContactRead'),
  ReportRangeMessageContactRemoval: ofMessage('WSContactRemovalInfo'),
  ReportMessageContactSent: {
    row: 'WSMessageRecipient',
    exception: true,
    asks: [
      ['MsgID', 'int'],
      ['Page', 'int'],
    ],
  },
  ReportRangeSubscribedContacts: {
    row: 'WSContactSubscriptionInfo',
    exception: false,
    asks: [['ListID', 'int'], ...range, ['Page', 'int']],
  },
};
