/**
 * Our own description of the nine operations that are read, SOAP 1.1, after Listrak's operation pages
 * (IntegrationService.asmx). The live WSDL is large and changes, so it is never fetched. Elements stand in the order of the
 * service; `?` marks optional ones, `*` repeated ones.
 */
const NAMESPACE = 'http://webservices.listrak.com/v31/';

const PAGED = 'StartDate dateTime, EndDate dateTime, Page int';
const EXCEPTION = 'WSException WSException nil';

const OPERATIONS: Readonly<Record<string, { readonly asks: string; readonly row: string; readonly exception?: true }>> = {
  GetContactListCollection: { asks: '', row: 'WSContactList' },
  ReportListMessageActivity: {
    asks: `ListID int, StartDate dateTime, EndDate dateTime, IncludeTestMessages boolean, ${EXCEPTION}`,
    row: 'WSMessageActivity',
    exception: true,
  },
  ReportRangeMessageContactBounces: { asks: `MsgID int, ${PAGED}`, row: 'WSContactBounce' },
  ReportRangeMessageContactClick: { asks: `MsgID int, ${PAGED}`, row: 'WSContactClick' },
  ReportRangeMessageContactOpen: { asks: `MsgID int, ${PAGED}`, row: 'WSContactOpen' },
  ReportRangeMessageContactRead: { asks: `MsgID int, ${PAGED}`, row: 'WSContactRead' },
  ReportMessageContactSent: { asks: `MsgID int, Page int, ${EXCEPTION}`, row: 'WSMessageRecipient', exception: true },
  ReportRangeMessageContactRemoval: { asks: `MsgID int, ${PAGED}`, row: 'WSContactRemovalInfo' },
  ReportRangeSubscribedContacts: { asks: `ListID int, ${PAGED}`, row: 'WSContactSubscriptionInfo' },
};

const TYPES: Readonly<Record<string, string>> = {
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

const occurs = { '': '', '?': ' minOccurs="0"', '*': ' minOccurs="0" maxOccurs="unbounded"' } as const;

function sequence(elements: string): string {
  const parts = elements
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const [, name, type = '', mark = '', nil] = /^(\w+) (\w+)([?*]?)( nil)?$/.exec(part) ?? [];
      return `<s:element name="${name}" type="${type in TYPES ? 'tns' : 's'}:${type}"${occurs[mark as keyof typeof occurs]}${nil === undefined ? '' : ' nillable="true"'}/>`;
    });
  return `<s:complexType><s:sequence>${parts.join('')}</s:sequence></s:complexType>`;
}

const named = (name: string, elements: string): string => sequence(elements).replace('<s:complexType>', `<s:complexType name="${name}">`);

function schema(): string {
  const operations = Object.entries(OPERATIONS).map(
    ([name, { asks, row, exception }]) => `
<s:element name="${name}">${sequence(asks)}</s:element>
<s:element name="${name}Response"><s:complexType><s:sequence><s:element name="${name}Result" type="tns:ArrayOf${row}" minOccurs="0"/>${
      exception ? '<s:element name="WSException" type="tns:WSException" nillable="true"/>' : ''
    }</s:sequence></s:complexType></s:element>
<s:complexType name="ArrayOf${row}"><s:sequence><s:element name="${row}" type="tns:${row}" minOccurs="0" maxOccurs="unbounded" nillable="true"/></s:sequence></s:complexType>`,
  );
  return `${operations.join('')}\n${Object.entries(TYPES)
    .map(([name, elements]) => named(name, elements))
    .join('\n')}\n<s:element name="WSUser" type="tns:WSUser"/>`;
}

const each = (write: (name: string) => string): string => Object.keys(OPERATIONS).map(write).join('\n');

export const listrakWsdl = `<?xml version="1.0" encoding="utf-8"?>
<wsdl:definitions xmlns:s="http://www.w3.org/2001/XMLSchema" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:tns="${NAMESPACE}" targetNamespace="${NAMESPACE}">
<wsdl:types><s:schema elementFormDefault="qualified" targetNamespace="${NAMESPACE}">${schema()}
</s:schema></wsdl:types>
${each(
  (name) => `<wsdl:message name="${name}SoapIn"><wsdl:part name="parameters" element="tns:${name}"/></wsdl:message>
<wsdl:message name="${name}SoapOut"><wsdl:part name="parameters" element="tns:${name}Response"/></wsdl:message>
<wsdl:message name="${name}WSUser"><wsdl:part name="WSUser" element="tns:WSUser"/></wsdl:message>`,
)}
<wsdl:portType name="IntegrationServiceSoap">
${each((name) => `<wsdl:operation name="${name}"><wsdl:input message="tns:${name}SoapIn"/><wsdl:output message="tns:${name}SoapOut"/></wsdl:operation>`)}
</wsdl:portType>
<wsdl:binding name="IntegrationServiceSoap" type="tns:IntegrationServiceSoap"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
${each((name) => `<wsdl:operation name="${name}"><soap:operation soapAction="${NAMESPACE}${name}" style="document"/><wsdl:input><soap:body use="literal"/><soap:header message="tns:${name}WSUser" part="WSUser" use="literal"/></wsdl:input><wsdl:output><soap:body use="literal"/></wsdl:output></wsdl:operation>`)}
</wsdl:binding>
<wsdl:service name="IntegrationService"><wsdl:port name="IntegrationServiceSoap" binding="tns:IntegrationServiceSoap"><soap:address location="https://webservices.listrak.com/v31/IntegrationService.asmx"/></wsdl:port></wsdl:service>
</wsdl:definitions>
`;

export const LISTRAK_NAMESPACE = NAMESPACE;
