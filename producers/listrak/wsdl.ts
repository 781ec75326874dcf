import { describeService } from '../../src/sdk/soap/describe.ts';
import type { ServiceDescription } from '../../src/sdk/soap/describe.ts';

export const LISTRAK_NAMESPACE = 'http://webservices.listrak.com/v31/';

const PAGED = 'StartDate dateTime, EndDate dateTime, Page int';
const EXCEPTION = 'WSException WSException nil';

/** The nine operations that are read, after Listrak's operation pages (IntegrationService.asmx). */
const OPERATIONS: ServiceDescription['operations'] = {
  GetContactListCollection: { asks: '', row: 'WSContactList' },
  ReportListMessageActivity: {
    asks: `ListID int, StartDate dateTime, EndDate dateTime, IncludeTestMessages boolean, ${EXCEPTION}`,
    row: 'WSMessageActivity',
    also: EXCEPTION,
  },
  ReportRangeMessageContactBounces: { asks: `MsgID int, ${PAGED}`, row: 'WSContactBounce' },
  ReportRangeMessageContactClick: { asks: `MsgID int, ${PAGED}`, row: 'WSContactClick' },
  ReportRangeMessageContactOpen: { asks: `MsgID int, ${PAGED}`, row: 'WSContactOpen' },
  ReportRangeMessageContactRead: { asks: `MsgID int, ${PAGED}`, row: 'WSContactRead' },
  ReportMessageContactSent: { asks: `MsgID int, Page int, ${EXCEPTION}`, row: 'WSMessageRecipient', also: EXCEPTION },
  ReportRangeMessageContactRemoval: { asks: `MsgID int, ${PAGED}`, row: 'WSContactRemovalInfo' },
  ReportRangeSubscribedContacts: { asks: `ListID int, ${PAGED}`, row: 'WSContactSubscriptionInfo' },
};

const TYPES: ServiceDescription['types'] = {
  WSUser: 'UserName string?, Password string?',
  WSException: 'SoapMethod string?, DateTime dateTime nil, Description string?',
  WSVmta: 'VmtaID int, Description string?',
  WSContactList: `ListID int, ListName string?, CreateDate dateTime, FromName string?, FromEmail string?, EnableRemovalLink boolean, EnableBrowserLink boolean,
    bounceHandling int, EnableDoubleOptin boolean, EnableListHygiene boolean, Vmta WSVmta?, ShowEmailList boolean, ShowAdvancedPersonalization boolean,
    BounceUnsubscribeCount int, DomainAliasLink string?, DomainAliasEmail string?, EnableRSS boolean, EnableGoogleAnalytics boolean, GoogleTrackingDomains string*,
    EnableInternationalization boolean, EnableDynamicContent boolean, EnableListRemoveHeader boolean`,
  WSMessageActivity: `ListID int, MsgID int, Subject string?, SendDate dateTime, DeliverCount int, RemoveCount int, RemovePercent decimal, OpenCount int,
    OpenPercent decimal, ReadCount int, ReadPercent decimal, ClickCount int, ClickerCount int, RepeatClickerCount int, NewClickerCount int, ClickerPercent decimal,
    OrderTotal decimal, ConversionCount int, AverageOrderValue decimal`,
  WSContactBounce:
    'ContactID string?, EmailAddress string?, BounceReason string?, BounceDetail string?, BounceDate string?, BounceCount int',
  WSContactClick: 'ContactID string?, EmailAddress string?, LinkDescription string?, LinkUrl string?, ClickDate string?',
  WSContactOpen: 'ContactID string?, EmailAddress string?, OpenDate string?',
  WSContactRead: 'ContactID string?, EmailAddress string?, ReadDate string?',
  WSMessageRecipient: 'EmailAddress string?',
  WSContactRemovalInfo: 'ContactID string?, EmailAddress string?, AdditionDate dateTime, RemovalDate dateTime, RemovalMethod string?',
  WSContactSubscriptionInfo: 'ContactID string?, EmailAddress string?, AdditionDate dateTime, AdditionMethod string?',
};

export const listrakWsdl = describeService({
  namespace: LISTRAK_NAMESPACE,
  service: 'IntegrationService',
  location: 'https://webservices.listrak.com/v31/IntegrationService.asmx',
  header: 'WSUser',
  operations: OPERATIONS,
  types: TYPES,
});
