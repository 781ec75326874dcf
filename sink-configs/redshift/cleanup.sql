-- Landing {{landing}}: removes versions that later ones have replaced. Run it by a schedule; the views do not change.
--@ each table
{{clean_up}};
--@ end
