/** @jsxRuntime automatic @jsxImportSource hono/jsx */

export const connectionSteps = ['Account', 'Tables', 'Review'] as const;
export const landingSteps = ['Warehouse', 'Review', 'Set-up script', 'Check', 'Apply'] as const;

/** Progress of a set-up. */
export const Steps = ({ names, at }: { names: readonly string[]; at: number }) => (
  <ol class="steps" aria-label="Steps">
    {names.map((name, step) => (
      <li class={step < at ? 'done' : ''} {...(step === at ? { 'aria-current': 'step' as const } : {})}>
        {name}
      </li>
    ))}
  </ol>
);
