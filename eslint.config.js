import js from '@eslint/js';
import globals from 'globals';
import ts from 'typescript-eslint';

export default ts.config(
  { ignores: ['**/dist/', '**/node_modules/', 'build/', 'node/src/wire/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [ts.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: new URL('.', import.meta.url).pathname } },
    rules: {
      // The wire's types say string where null may come, and table-driven code indexes what it knows to be there.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true, allowNullish: true }],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-base-to-string': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
    },
  },
  { files: ['**/*.js', '**/*.mjs'], languageOptions: { globals: globals.node } },
  // Functions that run in the page stand among those that run here.
  {
    files: ['test/e2e/**', 'test/container/**', 'test/bench/**/*.js', 'test/data/record/**', 'test/negotiate/record/**'],
    languageOptions: { globals: { ...globals.node, ...globals.browser } },
  },
  { files: ['server/public/**', 'load/report/**', 'examples/**/client.js'], languageOptions: { globals: globals.browser } },
);
