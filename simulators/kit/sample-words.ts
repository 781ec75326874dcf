export const FIRST_NAMES = [
  'Ada',
  'Jan',
  'Zofia',
  'Noor',
  'Łukasz',
  'Mei',
  'Olu',
  'Renée',
  'Søren',
  'Inés',
  'Tomek',
  'Yuki',
  'Priya',
  'Liam',
  'Ewa',
  'Karim',
] as const;
export const LAST_NAMES = [
  'Nowak',
  "O'Hara",
  'Żak',
  'Lindqvist',
  'García',
  'Okafor',
  'Wójcik',
  'Tanaka',
  'Smith-Jones',
  'Rossi',
  'Dubois',
  'Kaya',
  'Novák',
  'Silva',
] as const;
export const CITIES = ['Gdynia', 'Kraków', 'Lyon', 'Porto', 'Osaka', 'Lagos', 'Austin', 'Oslo', 'Graz', 'São Paulo'] as const;
export const COUNTRIES = ['Poland', 'France', 'Portugal', 'Japan', 'Nigeria', 'United States', 'Norway', 'Austria', 'Brazil'] as const;
export const TIMEZONES = ['Europe/Warsaw', 'Europe/Paris', 'Asia/Tokyo', 'Africa/Lagos', 'America/Chicago', 'UTC'] as const;
export const LOCALES = ['pl-PL', 'en-US', 'fr-FR', 'ja-JP', 'pt-BR', 'de-AT'] as const;
export const COMPANIES = ['Polna Sklep', 'Acme & Sons', 'Miód "Lipowy"', 'Nordlys AS', 'Casa Verde', 'Kobe Tools'] as const;
export const TITLES = ['Buyer', 'Owner', 'Head of Tea', 'Engineer', 'Accountant'] as const;
export const PRODUCTS = ['tea', 'mug', 'kettle', 'honey', 'filter paper', 'grinder', 'scale', 'tin 250 g', 'gift box'] as const;
