/** A new check is added NOT VALID, since checking all rows of a large table would lock it meanwhile. */
const allow = (readings) => [
  `ALTER TABLE media DROP CONSTRAINT media_mask_reading_known;
   ALTER TABLE media ADD CONSTRAINT media_mask_reading_known
     CHECK (mask_reading IN (${readings.map((reading) => `'${reading}'`).join(', ')})) NOT VALID;`,
  'ALTER TABLE media VALIDATE CONSTRAINT media_mask_reading_known;',
];

const KNOWN = ['white', 'colour', 'transparency', 'difference'];
const forget = "UPDATE media SET mask_reading = 'white' WHERE mask_reading = 'shapes';";

const inOrder = (statements) => async (queryInterface) => {
  for (const statement of statements) await queryInterface.sequelize.query(statement);
};

module.exports = {
  up: inOrder(allow([...KNOWN, 'shapes'])),
  down: inOrder([forget, ...allow(KNOWN)]),
};
