import { useTexts } from '../i18n';

/** Tells that another version is published; the page goes on showing its own until asked. */
export function NewVersion({ shown, published }: { shown: string; published: string }) {
  const { t } = useTexts();
  return (
    <div class="banner" role="alert">
      <p>
        <strong>{t.newVersion(published)}</strong> {t.newVersionHint(shown)}
      </p>
      <button type="button" class="primary" onClick={() => location.reload()}>
        {t.reload}
      </button>
    </div>
  );
}
